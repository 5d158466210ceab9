"""A catalogue of more than a handful, of a hub that takes no images of people's own."""

from collections.abc import Callable, Iterator

import docker
import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.conftest import settings
from tests.browser.product import ProductHub
from tests.conftest import STARTER
from tests.hubs import run

NAMES = ("ROOT", "Scikit-HEP", "Machine learning", "Statistics", "R", "Julia", "Astronomy", "Plain")
ENTRIES = [
    {
        "slug": f"image-{number}",
        "display_name": name,
        "description": "Jupyter, for everyone." if name == "Plain" else "",
        "image": STARTER,
        "tags": ["Python", "C++"] if number < 3 else [name.lower()],
    }
    for number, name in enumerate(NAMES)
]


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductHub]:
    """A hub with eight notebooks, and with markup in its title."""
    title = {"title": 'R&D "quoted" <b>bold</b>'}
    told = {**settings(), "hub": title, "images": ENTRIES}
    del told["custom_image"]
    hub = ProductHub(tmp_path_factory.mktemp("crowd"), client, told)
    with run(hub):
        yield hub


@pytest.fixture
def page(hub: ProductHub, browse: Callable[..., Page]) -> Page:
    """The options page."""
    page = browse()
    people.log_in(page, hub, hub.admin)
    return page


def test_searching(page: Page) -> None:
    """Words filter cards by name, description and tags; the count is said, the choice stays."""
    found, box = page.get_by_role("status"), page.get_by_role("searchbox", name="Search")
    expect(found).to_have_text("8 notebooks")

    box.fill("PYTHON c+")
    expect(found).to_have_text("3 of 8 match")
    expect(page.get_by_role("radio")).to_have_count(3)

    box.fill("everyone")
    expect(page.get_by_role("radio", name="Plain")).to_be_visible()
    expect(found).to_have_text("1 of 8 match; ROOT stays chosen")

    box.fill("no such thing")
    expect(found).to_have_text("0 of 8 match; ROOT stays chosen")
    box.press("Enter")
    expect(page.get_by_role("heading", name="Choose your notebook")).to_be_visible()

    box.fill("")
    expect(page.get_by_role("radio")).to_have_count(8)
    expect(page.get_by_role("radio", name="ROOT")).to_be_checked()


def test_no_field_for_images_that_are_not_allowed(page: Page) -> None:
    """Where hub.yaml has no custom_image, nothing on the page speaks of own images."""
    expect(page.get_by_role("radio")).to_have_count(8)
    expect(page.get_by_text("own image")).to_have_count(0)
    expect(page.locator("[name=custom_image]")).to_have_count(0)


def test_without_javascript_there_is_no_search(
    hub: ProductHub, browse: Callable[..., Page]
) -> None:
    """A box that would do nothing is not shown; all cards are."""
    page = browse(java_script_enabled=False)
    people.log_in(page, hub, hub.admin)
    expect(page.get_by_role("searchbox")).to_have_count(0)
    expect(page.get_by_role("radio")).to_have_count(8)


def test_the_title_is_text(page: Page) -> None:
    """The hub's title is shown as it was written."""
    expect(page).to_have_title('R&D "quoted" <b>bold</b>')
    expect(page.get_by_text('R&D "quoted" <b>bold</b>')).to_be_visible()
