"""What people do on the hub's own pages."""

import re

from playwright.sync_api import Page, expect

from tests.browser.product import ProductHub
from tests.hubs import wait_for


def send_login(page: Page, user: str, password: str) -> None:
    """Go to the login page, fill it in and send it; wait for what comes."""
    page.goto("/hub/login")
    fill_login(page, user, password)


def fill_login(page: Page, user: str, password: str) -> None:
    """Fill in the login page, wherever it leads, and send it; wait for what comes."""
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign In").click()


def log_in(page: Page, hub: ProductHub, user: str) -> None:
    """Log in with the password that the hub has printed, and arrive at the options page."""
    send_login(page, user, hub.password(user))
    expect(page.get_by_role("heading", name="Choose your notebook")).to_be_visible()


def choose(page: Page, image: str) -> None:
    """Choose a card on the options page, and start."""
    page.get_by_role("radio", name=image).check()
    page.get_by_role("button", name="Start", exact=True).click()


def choose_own(page: Page, reference: str) -> None:
    """Ask for an image of one's own, and start."""
    page.get_by_role("radio", name="Your own image").check()
    page.get_by_label("Reference of the image").fill(reference)
    page.get_by_role("button", name="Start", exact=True).click()


def stop(home: Page) -> None:
    """Stop the server, on the hub's home page."""
    home.wait_for_function("window._jupyterhub_page_loaded")  # before, the button does nothing
    home.get_by_role("button", name="Stop My Server").click()
    start = home.get_by_role("button", name="Start My Server")
    expect(start).to_be_visible()
    # The button is there after ten seconds in any case, a server that is slow to stop as well.
    wait_for(lambda: home.reload() and start.is_visible(), "the server has stopped")


def expect_start(page: Page) -> None:
    """See the page that shows how a start goes on."""
    page.wait_for_url(re.compile(r"/hub/spawn-pending/"))
    expect(page.get_by_role("heading", name="Your notebook is starting")).to_be_visible()
