"""The preview: the same pages where no engine can be reached, with servers as local processes."""

from collections.abc import Callable, Iterator

import docker
import pytest
from playwright.sync_api import Page, expect

from opendata_hub.settings.apply import PREVIEW_BANNER
from tests.browser import people
from tests.browser.conftest import IMAGES, settings
from tests.browser.product import ProductHub
from tests.hubs import run

# The tests' own environment has a Jupyter server, but perhaps no JupyterLab.
PLAIN = [{**image, "default_url": "/"} for image in IMAGES]


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductHub]:
    """A hub in preview."""
    told = {**settings(), "images": PLAIN}
    hub = ProductHub(tmp_path_factory.mktemp("preview"), client, told, preview=True)
    with run(hub):
        yield hub


def test_the_preview_says_what_it_is(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Each page carries the banner; choosing and starting lead to a server all the same."""
    page, student = browse(), hub.newcomer()
    page.goto("/hub/login")
    expect(page.get_by_text(PREVIEW_BANNER)).to_be_visible()
    people.log_in(page, hub, student)
    expect(page.get_by_text(PREVIEW_BANNER)).to_be_visible()
    expect(page.get_by_text("downloads it")).to_have_count(0)  # images make no difference here
    people.choose(page, "Small")
    page.wait_for_url(f"**/user/{student}/**")
    expect(page.get_by_text("A Jupyter Server is running")).to_be_visible()
    hub.stop(student)
