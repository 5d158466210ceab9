"""One link on a slide, and whoever opens it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.product import ProductHub
from tests.repositories import serving

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
GREETING = "Welcome to the first lesson"


@pytest.fixture
def course(door: str, tmp_path: Path) -> Iterator[str]:
    """Address of a repository with one notebook, in a folder with a space."""
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [f"# {GREETING}"]}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    with serving(tmp_path, {"lesson 1/first.ipynb": json.dumps(notebook)}, door) as address:
        yield address


def expect_lesson(page: Page) -> None:
    """See the repository's notebook in JupyterLab."""
    page.wait_for_url(re.compile(r"/user/[^/]+/lab/.*course/lesson%201/first\.ipynb"))
    expect(page.locator(".jp-NotebookPanel")).to_contain_text(GREETING)


def test_a_link_on_a_slide(hub: ProductHub, browse: Callable[..., Page], course: str) -> None:
    """From a phone without a login to the notebook; for another image the link asks first."""
    page, student = browse(**PHONE), hub.newcomer()
    link = f"/hub/lesson?image=starter&repo={course}&open=lesson%201/first.ipynb"
    page.goto(link)
    people.fill_login(page, student, hub.password(student))
    expect_lesson(page)

    page.goto(link.replace("image=starter", "image=small"))
    expect(page.get_by_role("heading", name="Switch to Small?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    stop = page.get_by_role("button", name="Stop it and open in Small")
    expect(stop).to_have_accessible_description(re.compile("what you have not saved, is lost"))
    stop.click()
    expect_lesson(page)
    label = hub.container(student)["Config"]["Labels"]["org.opendata-hub.image"]
    assert label == "small"


def test_a_link_whose_image_fails(
    hub: ProductHub, browse: Callable[..., Page], build: Callable[[str], str]
) -> None:
    """Trying again is to follow the link again, not to be asked what to start instead of it."""
    page = browse()
    people.log_in(page, hub, hub.newcomer())
    # so long that the hub has shown the waiting page by then: it does after one second
    broken = build('CMD ["sh", "-c", "sleep 3; false"]')
    page.goto(f"/hub/spawn?opt-custom_image={broken}&next=/hub/lesson")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_have_attribute(
        "href", re.compile(r"\?opt-custom_image=opendata-hub.*&next=%2Fhub%2Flesson$")
    )
