"""Waiting for a server, and servers that fail: the pages say what there is to know."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.lab import Lab
from tests.browser.product import ProductHub
from tests.hubs import wait_for


def test_closing_the_tab(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """The start goes on without anybody looking, and coming back lands in the server."""
    page = browse()
    people.log_in(page, hub, hub.newcomer())
    people.choose(page, "Small")
    people.expect_start(page)
    later = page.context.new_page()
    page.close()
    later.goto("/")
    Lab(later).arrive()


def test_a_start_that_fails(
    hub: ProductHub, browse: Callable[..., Page], build: Callable[[str], str]
) -> None:
    """The waiting page gives the reason and a way on, and after it all is as before."""
    page = browse()
    people.log_in(page, hub, hub.newcomer())
    # so long that the browser has the waiting page by then: the hub sends it after one second
    people.choose_own(page, build('CMD ["sh", "-c", "sleep 8; false"]'))
    people.expect_start(page)
    expect(page.get_by_role("heading", name="Your notebook did not start")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("ended with code 1")
    expect(page.get_by_role("button", name="Cancel the start")).to_be_hidden()

    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("radio", name="Scikit-HEP starter")).to_be_checked()
    people.choose(page, "Small")
    Lab(page).arrive()


def test_cancelling_a_start(
    hub: ProductHub, browse: Callable[..., Page], build: Callable[[str], str]
) -> None:
    """Cancel ends the start and brings the choice back; nothing of the server is left."""
    page, student = browse(), hub.newcomer()
    people.log_in(page, hub, student)
    people.choose_own(page, build('CMD ["sleep", "600"]'))
    people.expect_start(page)
    expect(page.locator("#progress-message")).to_have_text(re.compile("^Waiting for your notebook"))
    page.get_by_role("button", name="Cancel the start").click()
    expect(page.get_by_role("heading", name="Choose your notebook")).to_be_visible()
    label = {"label": f"org.opendata-hub.user={student}"}
    wait_for(lambda: not hub.client.containers(all=True, filters=label), "nothing is left")


def test_a_server_that_was_killed(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Whoever comes back to a dead server reads why it is dead, and gets a new one."""
    page, student = browse(), hub.newcomer()
    people.log_in(page, hub, student)
    people.choose(page, "Small")
    Lab(page).arrive()
    hub.client.kill(hub.container(student)["Id"])
    wait_for(lambda: not hub.servers(student), "the hub has noticed")

    page.goto(f"/user/{student}/lab")
    expect(page.get_by_role("heading", name="Your notebook is not running")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("it was killed from outside")
    page.get_by_role("button", name="Start it").click()
    expect(page.get_by_role("alert")).to_contain_text("it was killed from outside")
    people.choose(page, "Small")
    Lab(page).arrive()


def test_a_server_that_does_not_answer(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """What the proxy shows in its place is a page of ours, with a way to the hub."""
    page = browse()
    people.log_in(page, hub, hub.admin)
    page.goto("/hub/error/503?url=%2Fuser%2Fsomebody%2F")
    expect(page.get_by_role("heading", name="Your notebook does not answer")).to_be_visible()
    page.get_by_role("button", name="See what happened").click()
    expect(page.get_by_role("button", name="Start My Server")).to_be_visible()


def test_a_cell_that_eats_the_memory(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Only the kernel ends; a file beside the notebook says why, and so does the next visit."""
    page, student = browse(), hub.newcomer()
    people.log_in(page, hub, student)
    people.choose(page, "Small")
    lab = Lab(page).arrive()
    lab.new_notebook().type("x = bytearray(2**30)")
    page.keyboard.press("Shift+Enter")
    dialog = page.get_by_role("dialog", name="Kernel Restarting")
    dialog.get_by_role("button", name="Ok").click()
    expect(lab.file("Why my kernel stopped.txt")).to_be_visible()

    page.goto("/hub/home")
    expect(page.get_by_role("alert")).to_contain_text("used more than its memory of 512M")
