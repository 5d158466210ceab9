"""The page of the images service, as an admin sees it while images come and fail."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import people
from tests.browser.conftest import settings
from tests.browser.product import ProductHub
from tests.conftest import STARTER, remove_image
from tests.hubs import run
from tests.proxies import Proxy, proxied
from tests.registries import Pushed, Registry, registry

MB = 10**6
SIZE = 75 * MB  # more than a minute at the rate of the test
LATE = "a-rather-long-name-for-an-image-of-a-course-on-particle-physics/and-its-exercises:1"


@dataclass(frozen=True)
class Shop:
    """A registry, the way to it, and the image that comes slowly."""

    registry: Registry
    road: Proxy
    slow: Pushed

    def at(self, name: str) -> str:
        """Reference of an image."""
        return f"localhost:{self.road.port}/{name}"


@pytest.fixture(scope="module")
def shop(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A registry at 1 MB/s, with one image; the other is put in late."""
    with registry(tmp_path_factory.mktemp("registry")) as source, proxied(source.port) as road:
        shop = Shop(source, road, source.push_random("slow:1", [SIZE]))
        road.rate = MB
        yield shop
        for name in ("slow:1", LATE):
            remove_image(client, shop.at(name))


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, shop: Shop
) -> Iterator[ProductHub]:
    """A hub whose images service has one image, pulls another, and looks in vain for the third."""
    images = {"starter": STARTER, "slow": shop.at("slow:1"), "late": shop.at(LATE)}
    catalogue = [
        {"slug": slug, "display_name": slug.title(), "image": image}
        for slug, image in images.items()
    ]
    told = {**settings(), "images": catalogue, "pulling": {"enabled": True}}
    hub = ProductHub(tmp_path_factory.mktemp("service"), client, told)
    with run(hub):
        yield hub


def _open(page: Page, hub: ProductHub) -> None:
    """Log in, and find the page from the hub's own."""
    people.log_in(page, hub, hub.admin)
    page.goto("/hub/home")
    page.get_by_role("button", name="Services").click()
    page.get_by_role("link", name="images").click()
    expect(page.get_by_role("heading", name="Images", exact=True)).to_be_visible()


def _card(page: Page, slug: str) -> Locator:
    return page.locator(f"#image-{slug}")


def test_a_download_is_seen_until_it_is_ready(
    hub: ProductHub, browse: Callable[..., Page], shop: Shop
) -> None:
    """Bytes, rate and minutes move by themselves; nobody presses anything."""
    page = browse()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    _open(page, hub)
    slow, bar = _card(page, "slow"), page.get_by_role("progressbar", name="Download of Slow")

    expect(slow).to_contain_text(re.compile(r"Downloading: [\d.]+ MB of 75 MB, [\d.]+ [kM]B/s"))
    expect(slow).to_contain_text("1 minute left")
    first = bar.get_attribute("value")
    expect(bar).not_to_have_attribute("value", str(first))
    expect(bar).to_have_attribute("max", str(shop.slow.size))
    expect(slow.get_by_role("button")).to_have_count(0)
    expect(_card(page, "starter")).to_contain_text("Ready · ")

    shop.road.rate = None
    expect(slow).to_contain_text("Ready · 75 MB · 0 servers use it")
    expect(bar).to_have_count(0)
    assert faults == []


def test_a_failure_says_why_and_the_button_tries_again(
    hub: ProductHub, browse: Callable[..., Page], shop: Shop
) -> None:
    """Whoever has mended it need not wait."""
    shop.road.rate = None
    page = browse()
    _open(page, hub)
    late = _card(page, "late")
    expect(late).to_contain_text("Not here · 0 servers use it")
    expect(late).to_contain_text("The registry has no such image")
    expect(late).to_contain_text(re.compile(r"Failed \d+ times?; next try in \d+ s\."))

    shop.registry.push_random(LATE, [MB])
    late.get_by_role("button", name="Late: Get it now").click()

    expect(late).to_contain_text("Ready · 1 MB")
    expect(late.get_by_role("button", name="Late: Look for a newer one")).to_be_visible()
    expect(late).not_to_contain_text("Failed")


def test_a_phone_without_scripts(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Nothing is wider than the screen, and the page loads itself anew."""
    page = browse(viewport={"width": 360, "height": 640}, java_script_enabled=False)
    people.send_login(page, hub.admin, hub.password(hub.admin))
    page.goto("/services/images/")
    expect(_card(page, "late")).to_contain_text(LATE)

    box = _card(page, "late").bounding_box()
    name = _card(page, "late").locator("h2").bounding_box()
    assert box and name
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert name["width"] > 150, "the name has room beside the button"
    with page.expect_navigation():
        expect(page.locator("noscript")).to_have_count(1)
