"""Strangers sign up, and wait until an admin lets them in."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.product import ProductHub

PASSWORD = "correct horse battery"


def sign_up(page: Page, name: str) -> None:
    """Fill in the sign-up page, coming from the login page."""
    page.goto("/hub/login")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Username").fill(name)
    page.locator("#password_input").fill(PASSWORD)
    page.locator("#password_confirmation_input").fill(PASSWORD)
    page.get_by_role("button", name="Create User").click()
    expect(page.get_by_role("alert")).to_contain_text("sent to the admin")


def test_an_admin_lets_a_stranger_in(
    hub: ProductHub, browse: Callable[..., Page], new_name: Callable[[str], str]
) -> None:
    """Who signs up reads that an admin must approve, and gets in once one did."""
    stranger, name = browse(), new_name("stranger")
    sign_up(stranger, name)
    people.send_login(stranger, name, PASSWORD)
    reason = stranger.get_by_text(f"The account {name} waits for an admin to approve it.")
    expect(reason).to_be_visible()

    admin = browse()
    people.log_in(admin, hub, hub.admin)
    admin.get_by_role("link", name="Approve sign-ups").click()
    row = admin.get_by_role("row", name=name)
    row.get_by_role("button", name="Authorize").click()
    expect(row.get_by_role("button", name="Unauthorize")).to_be_visible()

    people.send_login(stranger, name, PASSWORD)
    expect(stranger.get_by_role("heading", name="Choose your notebook")).to_be_visible()
    expect(stranger.get_by_role("link", name="Approve sign-ups")).to_have_count(0)


def test_guessing_a_password(hub: ProductHub, browse: Callable[..., Page]) -> None:
    """After five wrong passwords even the right one must wait, and the page says how long."""
    page, student = browse(), hub.newcomer()
    for _ in range(5):
        people.send_login(page, student, "a wrong password")
        expect(page.get_by_text("Invalid username or password.")).to_be_visible()
    people.send_login(page, student, hub.password(student))
    told = re.compile(r"Too many failed logins.* Wait \d+ seconds")
    expect(page.get_by_text(told)).to_be_visible()


def test_no_warning_about_a_connection_within_this_machine(browse: Callable[..., Page]) -> None:
    """On localhost nothing is said of unsecured connections: there is none."""
    page = browse()
    page.goto("/hub/login")
    expect(page.get_by_role("button", name="Sign In")).to_be_visible()
    expect(page.get_by_text("unsecured HTTP connection")).to_be_hidden()
