"""The line, as a student sees it who waits in it."""

import re
from collections.abc import Callable, Iterator

import docker
import pytest
from playwright.sync_api import Page, expect

from tests import stand_in
from tests.browser import people
from tests.browser.conftest import settings
from tests.browser.lab import Lab
from tests.browser.product import ProductHub
from tests.hubs import run, wait_for


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductHub]:
    """A hub that starts one server at a time; the API answers at once."""
    alone = {**settings(), "start": {"slots": 1}}
    hub = ProductHub(tmp_path_factory.mktemp("line"), client, alone, students=6)
    with hub.config.open("a") as config:
        config.write('c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}\n')
    with run(hub):
        yield hub


@pytest.fixture(scope="module")
def gated(build: Callable[..., str]) -> str:
    """A server that comes up when the test lets it."""
    return build(f"{stand_in.GATE}{stand_in.LINES}", base=stand_in.BASE)


def _take_the_slot(hub: ProductHub, user: str, gated: str) -> None:
    hub.ask(user, {"custom_image": gated})
    wait_for(lambda: hub.runs(user), "the first one is starting")


def _expect_place(page: Page, number: int) -> None:
    place = re.compile(rf"You are number {number} in line, about \d+ seconds? to go")
    expect(page.locator("#progress-message")).to_have_text(place)


def _note_what_it_says(page: Page) -> None:
    """Have the page keep all messages: a slow machine might show us too few of them."""
    page.evaluate(
        """() => {
          const message = document.getElementById("progress-message");
          window.said = [];
          new MutationObserver(() => said.push(message.textContent))
            .observe(message, {childList: true});
        }"""
    )


def _expect_fewer_seconds(page: Page, number: int) -> None:
    """See that they go down while the place is the same."""
    page.wait_for_function(
        """(number) => {
          const told = said.map((it) => it.match(`number ${number} in line, about ([0-9]+)`));
          const seconds = told.filter(Boolean).map((found) => Number(found[1]));
          return seconds.at(-1) < seconds[0];
        }""",
        arg=number,
    )


def test_place_and_seconds_go_down_and_then_jupyterlab_is_there(
    hub: ProductHub, browse: Callable[..., Page], gated: str
) -> None:
    """A tab that was closed in line finds its place again."""
    first, second, student = (hub.newcomer() for _ in range(3))
    page = browse()
    people.log_in(page, hub, student)
    _take_the_slot(hub, first, gated)
    hub.ask(second, {"custom_image": gated})
    people.choose(page, "Small")
    people.expect_start(page)
    _expect_place(page, 2)

    again = page.context.new_page()
    page.close()
    again.goto("/")
    people.expect_start(again)
    # As long as no start has been measured, one is thought to take five seconds.
    told = "You are number 2 in line, about 10 seconds to go"
    expect(again.locator("#progress-message")).to_have_text(told)
    _note_what_it_says(again)
    hub.open_gate(first)
    _expect_fewer_seconds(again, 1)
    hub.open_gate(second)
    Lab(again).arrive()


def test_cancelling_in_line(hub: ProductHub, browse: Callable[..., Page], gated: str) -> None:
    """The choice is back, those behind move up, and the next click gets in."""
    first, student, behind = (hub.newcomer() for _ in range(3))
    page, other = browse(), browse()
    people.log_in(page, hub, student)
    people.log_in(other, hub, behind)
    _take_the_slot(hub, first, gated)
    for tab in (page, other):
        people.choose(tab, "Small")
        people.expect_start(tab)
    _expect_place(page, 1)
    _expect_place(other, 2)

    page.get_by_role("button", name="Cancel the start").click()
    expect(page.get_by_role("heading", name="Choose your notebook")).to_be_visible()
    _expect_place(other, 1)
    label = {"label": f"org.opendata-hub.user={student}"}
    assert not hub.client.containers(all=True, filters=label)
    people.choose(page, "Small")
    people.expect_start(page)
    _expect_place(page, 2)
    hub.open_gate(first)
    Lab(page).arrive()
