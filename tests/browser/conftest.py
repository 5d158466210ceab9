"""Chromium, the product's hub, and what is kept of a test that failed."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import repositories
from tests.browser.product import REPOSITORY, ProductHub
from tests.conftest import STARTER, describe_containers
from tests.hubs import PATIENCE, run

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

IMAGES: list[dict[str, Any]] = [
    {
        "slug": "starter",
        "display_name": "Scikit-HEP starter",
        "description": "Python for particle physics: open ROOT files and plot what is in them.",
        "image": STARTER,
        "default": True,
        "tags": ["python", "physics"],
    },
    {
        "slug": "small",
        "display_name": "Small",
        "description": "The same with little memory.",
        "image": STARTER,
        "memory": "512M",
        "cpu": 1,
        "tags": ["python"],
    },
    {
        "slug": "course",
        "display_name": 'C++ & "friends" <script>alert(1)</script>',
        "description": "<img src=x onerror=alert(2)> It's all 'text' here.",
        "image": STARTER,
        "environment": {"COURSE": "physics"},
        "tags": ["<b>bold</b>"],
    },
]

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures of a test know that it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; one for the tier: its loop would be in other tests' way."""
    found = shutil.which("chromium")
    assert found, "Chromium is not installed; install it with 'apt-get install chromium'."
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def settings() -> dict[str, Any]:
    """What hub.yaml says where a test needs nothing else."""
    datasets = {"sample": str(REPOSITORY / "datasets" / "sample")}
    if real := os.environ.get("OPENDATA_HUB_TEST_DATA"):
        datasets["real"] = real
    return {
        "images": IMAGES,
        "custom_image": "opendata-hub/.*",
        "datasets": datasets,
        "homes": {"welcome": str(REPOSITORY / "welcome")},
        "limits": {"memory": "1G"},
    }


@pytest.fixture(scope="package")
def door() -> str:
    """Where there can be a git server that the hub's servers reach."""
    return repositories.door()


@pytest.fixture(scope="package")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, door: str
) -> Iterator[ProductHub]:
    """The hub of this tier: three notebooks, own images, the sample, the welcome notebook."""
    written = {**settings(), "network": {"reach": [door]}}
    hub = ProductHub(tmp_path_factory.mktemp("product"), client, written, students=40)
    with run(hub):
        yield hub


@pytest.fixture
def browse(
    chromium: Browser, hub: ProductHub, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """Opens a tab in a fresh browser profile; keyword arguments are playwright's."""
    faults: list[str] = []

    def open_tab(**options: Any) -> Page:
        context = chromium.new_context(base_url=hub.url, **options)
        context.set_default_timeout(PATIENCE * 1000)
        context.on("weberror", lambda fault: _note(faults, fault))
        return context.new_page()

    yield open_tab
    tabs = [page for context in chromium.contexts for page in context.pages]
    if request.node.stash.get(FAILED, False):
        _keep(tabs, hub, tmp_path)
    for context in chromium.contexts:
        context.close()
    assert faults == []


def _note(faults: list[str], fault: Any) -> None:
    """Note what a script of the hub's own pages threw; JupyterLab's are not ours."""
    if fault.page and "/hub/" in fault.page.url:
        faults.append(f"{fault.page.url}: {fault.error}")


def _keep(tabs: list[Page], hub: ProductHub, folder: Path) -> None:
    for number, page in enumerate(tabs):
        file = folder / f"tab{number}.png"
        page.screenshot(path=file)
        print(f"{page.url}\n  as it looked: {file}")
    print(describe_containers(hub.client), hub.log[-6000:], sep="\n")
