"""JupyterLab and the hub's pages show how full the home is, and lead to where it is emptied."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.conftest import IMAGES
from tests.browser.lab import Lab
from tests.browser.product import ProductHub
from tests.disks import btrfs_disk
from tests.hubs import run


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk for homes."""
    with btrfs_disk(tmp_path_factory.mktemp("homes")) as disk:
        yield disk


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, disk: Path
) -> Iterator[ProductHub]:
    """A hub whose homes hold 100 MB."""
    settings = {
        "images": IMAGES[:1],
        "limits": {"memory": "1G"},
        "homes": {"storage": "btrfs", "path": str(disk), "quota": "100M", "snapshots": False},
    }
    hub = ProductHub(tmp_path_factory.mktemp("product"), client, settings)
    with run(hub):
        yield hub


def put(path: Path, size: int) -> None:
    """Have a user's file there, counted."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(os.urandom(size))
    for entry in (path, path.parent):
        os.chown(entry, 1000, 100)
    subprocess.run(["sync", "--file-system", str(path.parent)], check=True)


def test_who_has_little_room_left_is_warned_and_makes_some(
    hub: ProductHub, disk: Path, browse: Callable[..., Page]
) -> None:
    """The status bar tells all the time, a warning at 80 %; the page behind it deletes."""
    page, user = browse(), hub.newcomer()
    people.log_in(page, hub, user)
    assert hub.start(user, {"image": "starter"}).ok
    put(disk / user / "data" / "run.root", 60 * 2**20)
    put(disk / user / "plot.png", 25 * 2**20)
    page.goto(f"/user/{user}/lab")
    Lab(page).arrive()
    expect(page.get_by_role("link", name="Files: 89.1 MB of 105 MB")).to_be_visible()
    expect(page.get_by_text("Your home is 85 % full: 15.7 MB of 105 MB are left.")).to_be_visible()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="See what is large").click()
    files = popup.value
    files.get_by_role("link", name="data/").click()
    files.get_by_label("data/run.root").first.check()
    files.get_by_role("button", name="Delete what is chosen").click()
    files.get_by_role("button", name="Delete for good").click()
    expect(files.get_by_text("Deleted.")).to_be_visible()
    assert not (disk / user / "data" / "run.root").exists()
    files.get_by_role("link", name="Back to the hub").click()
    expect(files.locator("#odh-room")).to_have_text(
        re.compile(r"^\s*Your files: 26\.\d MB of 105 MB\s*$")
    )


def test_an_admin_hears_of_a_disk_that_fills_up(
    hub: ProductHub, disk: Path, browse: Callable[..., Page]
) -> None:
    """On the home page, at 80 %; the table tells whose homes take it."""
    with (disk / "of-nobody").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 740 * 2**20)
    subprocess.run(["sync", "--file-system", str(disk)], check=True)
    page = browse()
    people.log_in(page, hub, hub.admin)
    page.goto("/hub/home")
    expect(page.get_by_text(re.compile(r"The disk with all homes is 8\d % full\."))).to_be_visible()
    page.get_by_role("link", name="Your files").first.click()
    page.get_by_role("link", name="All homes").click()
    expect(page.get_by_text(re.compile(r"Their disk is 8\d % full"))).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("105 MB")
