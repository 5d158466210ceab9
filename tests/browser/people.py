"""What people do on the hub's own pages."""

import re

from playwright.sync_api import Page, expect


def log_in(page: Page, user: str, password: str) -> None:
    """Fill in the login page and send it."""
    page.goto("/hub/login")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign In").click()


def choose(page: Page, image: str) -> None:
    """Choose a card on the options page, and start."""
    page.get_by_role("radio", name=image).check()
    page.get_by_role("button", name="Start").click()


def stop(page: Page) -> None:
    """Stop the server, from the hub's home page."""
    page.goto("/hub/home")
    page.get_by_role("button", name="Stop My Server").click()
    expect(page.get_by_role("button", name="Start My Server")).to_be_visible()


SPAWN = re.compile(r"/hub/spawn/")
