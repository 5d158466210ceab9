"""Homes as they were, in a real hub: the service keeps them, students copy from them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import httpx
import pytest

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.storage import Btrfs
from tests.conftest import STARTER
from tests.disks import btrfs_disk
from tests.hubs import RunningHub, running_hub, wait_for

EXTRA = """
from opendata_hub.services import snapshots
c.OpenDataSpawner.catalogue = [dict(slug="one", display_name="One", image="{image}", default=True)]
c.OpenDataSpawner.home_storage = "btrfs"
c.OpenDataSpawner.home_path = "{path}"
snapshots.add(c, snapshots.Config(storage="btrfs", path="{path}", root="{path}/.snapshots"))
"""


@pytest.fixture
async def user(client: docker.APIClient, path: Path, new_name: Callable[[str], str]) -> str:
    """A user with a thesis, whose home was there before the hub."""
    user = new_name("student")
    storage = Btrfs(Engine(client), path)
    await storage.make(user)
    home = await storage.folder(user)
    (home / "thesis").mkdir()
    for name in ("one", "two"):
        (home / "thesis" / f"{name}.txt").write_text(f"chapter {name}")
    for place in (home, home / "thesis", *(home / "thesis").iterdir()):
        os.chown(place, homes.UID, homes.GID)
    return user


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A disk of btrfs for homes."""
    with btrfs_disk(tmp_path) as path:
        yield path


@pytest.fixture
def hub(client: docker.APIClient, tmp_path: Path, path: Path, user: str) -> Iterator[RunningHub]:
    """A hub that keeps homes there, and takes a snapshot of each hour."""
    with running_hub(tmp_path, client, EXTRA.format(image=STARTER, path=path)) as hub:
        hub.add_user(user)
        yield hub


def test_a_student_gets_back_what_is_lost(hub: RunningHub, path: Path, user: str) -> None:
    """In JupyterLab: a file and a folder are copied out of a snapshot, which stays as it is."""
    assert hub.start(user).ok
    seen = path / ".snapshots" / user
    snapshot, *_ = wait_for(lambda: sorted(seen.glob("*")), "there is a snapshot")
    there = f"snapshots/{snapshot.name}/thesis"
    with httpx.Client(
        base_url=f"{hub.url}/user/{user}/api/contents/",
        headers={"Authorization": f"token {hub.token}"},
        timeout=60,
    ) as contents:
        assert contents.delete("thesis/two.txt").status_code == 204
        lost = {"type": "file", "format": "text", "content": "lost"}
        assert contents.put("thesis/one.txt", json=lost).status_code == 200
        assert contents.put(f"{there}/one.txt", json=lost).status_code >= 400
        assert contents.delete(f"{there}/one.txt").status_code >= 400

        assert contents.post("thesis", json={"copy_from": f"{there}/two.txt"}).status_code == 201
        assert contents.post("", json={"copy_from": there}).status_code == 201
        names = {entry["name"] for entry in contents.get("").json()["content"]}
        assert {"snapshots", "thesis", "thesis-Copy1"} <= names

    home = path / user
    assert (home / "thesis" / "two.txt").read_text() == "chapter two"
    assert (home / "thesis-Copy1" / "one.txt").read_text() == "chapter one"
    assert (home / "thesis" / "two.txt").stat().st_uid == homes.UID
    assert f"[snapshots] {user}: kept as it is now" in hub.log
