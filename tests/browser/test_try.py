"""An image alone, as its person sees it: the command opens JupyterLab in the browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab
from tests.conftest import STARTER
from tests.hubs import wait_for
from tests.ports import free_ports
from tests.trials import Trials


@pytest.fixture
def opened(
    client: docker.APIClient, tmp_path: Path, new_name: Callable[[str], str]
) -> Iterator[str]:
    """The address that `opendata-hub try` opens in the browser."""
    image = f"opendata-hub/{new_name('tried')}"
    client.tag(STARTER, image, "1")
    (tmp_path / "hub.yaml").write_text("")
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    trials, written = Trials(client, tmp_path), tmp_path / "opened"
    try:
        port = str(free_ports(1)[0])
        trial = trials.begin(f"{image}:1", "--port", port, browser=f"{browser} %s")
        trial.url()
        yield wait_for(lambda: written.exists() and written.read_text().strip(), "it is opened")
    finally:
        trials.clear()
        client.remove_image(f"{image}:1", noprune=True)


def test_the_browser_opens_a_notebook_that_runs(opened: str, chromium: Browser) -> None:
    """The link alone lets in, and code runs."""
    page = chromium.new_context().new_page()
    try:
        page.goto(opened)
        expect(page.locator(".jp-DirListing-content")).to_be_visible()
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        notebook = Lab(page).new_notebook()
        assert "/home/jovyan" in notebook.run("import os; os.getcwd()")
    finally:
        page.context.close()
