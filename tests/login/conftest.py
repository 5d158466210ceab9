"""Chromium, and tabs in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import chromium
from tests.hubs import PATIENCE

__all__ = ["chromium"]


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a tab in a fresh browser profile; keyword arguments are playwright's."""

    def open_tab(**options: Any) -> Page:
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE * 1000)
        return context.new_page()

    yield open_tab
    for context in chromium.contexts:
        context.close()
