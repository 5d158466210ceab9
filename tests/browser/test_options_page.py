"""The options page, however people use it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser import people
from tests.browser.lab import Lab
from tests.browser.product import ProductHub

ODD_NAME = 'C++ & "friends" <script>alert(1)</script>'


def test_keyboard_alone(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Tab, arrows and Enter choose and start; next time that choice is made already."""
    page, student = browse(), hub.newcomer()
    people.log_in(page, hub, student)
    page.keyboard.press("Tab")
    while not page.evaluate("document.activeElement.matches('[type=radio]')"):
        page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Scikit-HEP starter")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Small")).to_be_checked()
    page.keyboard.press("Enter")
    Lab(page).arrive()

    hub.stop(student)
    page.goto("/hub/spawn")
    expect(page.get_by_role("radio", name="Small")).to_be_checked()


def test_without_javascript(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Choosing, starting, waiting and arriving need no script."""
    page, student = browse(java_script_enabled=False), hub.newcomer()
    people.log_in(page, hub, student)
    people.choose(page, "Small")
    people.expect_start(page)
    page.wait_for_url(f"**/user/{student}/lab**")


def test_on_a_phone(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Nothing is wider than the screen, and Start is on it without scrolling."""
    page = browse(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    people.log_in(page, hub, hub.admin)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_a_screen_reader_says(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Each choice has the image's name; what is in it, and what it gets, comes after."""
    page = browse()
    people.log_in(page, hub, hub.admin)
    small = "The same with little memory. python 512M memory, 1 CPU core On this server, "
    starter = "physics 1G memory On this server, "  # the limit of hub.yaml
    for name, about in (("Small", small), ("Scikit-HEP starter", starter)):
        radio = page.get_by_role("radio", name=name, exact=True)
        expect(radio).to_have_accessible_description(re.compile(about))
    group = page.get_by_role("group", name="Which notebook would you like to start?")
    expect(group.get_by_role("radio")).to_have_count(4)


def test_names_are_text(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """Markup in the catalogue is shown as it was written, and does nothing."""
    page = browse()
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    people.log_in(page, hub, hub.admin)
    expect(page.get_by_role("radio", name=ODD_NAME, exact=True)).to_be_visible()
    expect(page.get_by_text("<img src=x onerror=alert(2)> It's all 'text' here.")).to_be_visible()
    expect(page.get_by_text("<b>bold</b>")).to_be_visible()
    assert dialogs == []


@pytest.mark.parametrize("reference", ["python:3", "a b <b>c</b>", ""])
def test_an_own_image_that_is_refused(
    reference: str, hub: ProductHub, browse: Callable[..., Page]
) -> None:
    """The page comes back with the reason, and takes another choice."""
    page = browse()
    people.log_in(page, hub, hub.admin)
    people.choose_own(page, reference)
    expect(page.locator(".spawn-error-msg")).to_contain_text(reference or "Write the reference")
    assert hub.servers(hub.admin) == {}
    expect(page.get_by_role("radio", name="Scikit-HEP starter")).to_be_checked()
