"""A page with somebody in front of it keeps its server; a warning comes before the end."""

import re
from collections.abc import Callable, Iterator

import docker
import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.conftest import IMAGES
from tests.browser.lab import Lab
from tests.browser.product import ProductHub
from tests.hubs import run, wait_for

IDLE, EVERY = 20, 2  # seconds; JupyterLab asks its server every ten
LONGER, KEEP = 40, 25  # of the small image, which is warned half of that ahead

WARNING = "Nobody seems to use this server: it stops in a moment."

# What a browser tells a page behind another tab; headless, it takes all tabs for visible.
HIDE = """() => {
    Object.defineProperty(document, "hidden", {value: true});
    Object.defineProperty(document, "visibilityState", {value: "hidden"});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductHub]:
    """A hub that stops what nobody has used for twenty seconds, or for forty."""
    settings = {
        "images": IMAGES[:2],
        "limits": {"memory": "1G"},
        "culling": {
            "idle": f"{IDLE}s",
            "check_every": f"{EVERY}s",
            "keep": f"{KEEP}s",
            "images": {"small": {"idle": f"{LONGER}s"}},
        },
    }
    hub = ProductHub(tmp_path_factory.mktemp("product"), client, settings, students=2)
    with run(hub):
        yield hub


def unused(hub: ProductHub, user: str) -> list[int]:
    """For how many seconds nobody has used the server, look by look."""
    found = re.findall(rf"^\[culling\] {user} stays: nobody has used it for (\d+)s", hub.log, re.M)
    return [int(seconds) for seconds in found]


def unused_at_the_end(hub: ProductHub, user: str) -> int:
    """For how many seconds nobody had used the server when it was stopped."""
    line = rf"^\[culling\] {user} stops: nobody has used it for ([\dms ]+),"
    (spell,) = re.findall(line, hub.log, re.M)
    parts = re.findall(r"(\d+)([ms])", spell)
    return sum(int(number) * {"m": 60, "s": 1}[unit] for number, unit in parts)


def test_an_open_tab_counts_while_it_can_be_seen(
    hub: ProductHub, browse: Callable[..., Page]
) -> None:
    """JupyterLab in front keeps its server for longer than idle; behind another tab it goes."""
    page, user = browse(), hub.newcomer()
    people.log_in(page, hub, user)
    people.choose(page, "Scikit-HEP starter")
    Lab(page).arrive()
    began = len(unused(hub, user))
    wait_for(lambda: len(unused(hub, user)) > began + IDLE // EVERY, "many looks")
    assert hub.servers(user)[""]["ready"]
    page.evaluate(HIDE)
    wait_for(lambda: not hub.servers(user), "the server is gone")


def test_who_is_away_is_warned_and_keeps_the_server(
    hub: ProductHub, browse: Callable[..., Page]
) -> None:
    """A page that can be seen, with nobody there, says that its server stops; so does the hub's."""
    page, user = browse(), hub.newcomer()
    page.add_init_script("document.hasFocus = () => false")
    people.log_in(page, hub, user)
    people.choose(page, "Small")
    Lab(page).arrive()
    warning = page.get_by_text(WARNING)
    expect(warning).to_be_visible()
    home = page.context.new_page()
    home.goto("/hub/home")
    expect(home.get_by_text(WARNING)).to_be_visible()
    page.get_by_role("button", name=f"Keep it running for {KEEP}s").click()
    expect(warning).to_have_count(0)
    wait_for(lambda: not hub.servers(user), "the server is gone")
    assert unused_at_the_end(hub, user) >= LONGER / 2 + KEEP > LONGER
