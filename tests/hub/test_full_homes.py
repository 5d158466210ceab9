"""A home that is full locks nobody out: JupyterLab starts, and what is large is deleted there."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import httpx
import pytest

import opendata_hub
from opendata_hub.engine import Engine
from opendata_hub.spawner import rescue
from opendata_hub.storage import Folders
from tests.conftest import STARTER
from tests.disks import btrfs_disk
from tests.hubs import RunningHub, running_hub
from tests.kernels import Kernel

EXTRA = """
c.OpenDataSpawner.catalogue = [dict(slug="starter", display_name="Starter", image="{image}")]
c.OpenDataSpawner.home_storage, c.OpenDataSpawner.home_path = "btrfs", "{disk}"
c.OpenDataSpawner.home_quota = 60 * 2**20
c.JupyterHub.template_paths = ["{templates}"]
"""
NEEDS = """
import IPython, os, pathlib, tempfile
shell = IPython.get_ipython()
shell.history_manager.writeout_cache()
print(shell.history_manager.hist_file.parent, tempfile.mkdtemp())
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk for homes."""
    with btrfs_disk(tmp_path) as disk:
        yield disk


@pytest.fixture
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, disk: Path
) -> Iterator[RunningHub]:
    """A hub whose homes hold 60 MB."""
    templates = Path(opendata_hub.__file__).parent / "templates"
    extra = EXTRA.format(image=STARTER, disk=disk, templates=templates)
    with running_hub(tmp_path_factory.mktemp("hub"), client, extra) as hub:
        yield hub


def fill(path: Path) -> None:
    """Write a user's file until nothing more fits, and then small ones."""
    for number, size in enumerate((2**20, 4096)):
        with (
            pytest.raises(OSError, match=r"quota|space") as full,
            path.with_suffix(f".{number}").open("wb", 0) as file,
        ):
            os.fchown(file.fileno(), 1000, 100)
            while True:
                file.write(os.urandom(size))
                os.fsync(file.fileno())
        assert full.value.errno in (errno.EDQUOT, errno.ENOSPC)


def is_rescued(hub: RunningHub, user: str) -> bool:
    """Whether a server was started in the rescue state."""
    return f"TMPDIR={rescue.PLACE}" in hub.container(user)["Config"]["Env"]


def test_who_has_filled_the_home_starts_deletes_and_works_again(
    hub: RunningHub, user: str, disk: Path
) -> None:
    """Kernels, terminals and the list of files are there; what is deleted leaves room at once."""
    assert hub.start(user).ok
    assert not is_rescued(hub, user)
    home = disk / user
    fill(home / "large")
    hub.stop(user)

    assert hub.start(user).ok

    assert is_rescued(hub, user)
    assert "Your home is full." in hub.page(user, "/hub/home")
    printed = asyncio.run(Kernel(hub, user).run(NEEDS))
    assert printed.startswith(f"{rescue.PLACE}/ipython/profile_default {rescue.PLACE}/")
    api = httpx.Client(
        base_url=f"{hub.url}/user/{user}/api/",
        headers={"Authorization": f"token {hub.token}"},
        timeout=60,
    )
    note = {"type": "file", "format": "text", "content": "x" * 10_000}
    with api:
        assert api.post("terminals").status_code == 200
        names = {entry["name"] for entry in api.get("contents/").json()["content"]}
        assert "large.0" in names
        assert api.put("contents/note.txt", json=note).status_code == 500
        assert api.delete("contents/large.0").status_code == 204
        assert api.put("contents/note.txt", json=note).status_code == 201
    assert not (home / ".local" / "share" / "Trash").exists()
    hub.stop(user)
    assert hub.start(user).ok
    assert not is_rescued(hub, user)
    assert "Your home is full." not in hub.page(user, "/hub/home")


def test_a_full_disk_is_a_full_home(
    client: docker.APIClient, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """Without quotas the disk is the limit; nobody who cannot look is taken for full."""
    user = new_name("user")
    with btrfs_disk(tmp_path, "128M") as disk:
        storage = Folders(Engine(client), disk)
        assert asyncio.run(rescue.look(storage, user, has_quota=False)) == rescue.NONE
        asyncio.run(storage.make(user))
        assert asyncio.run(rescue.look(storage, user, has_quota=False)) == rescue.NONE
        fill(disk / user / "large")
        assert asyncio.run(rescue.look(storage, user, has_quota=False)) == rescue.DISK_FULL
        (disk / user / "large.0").unlink()
        assert asyncio.run(rescue.look(storage, user, has_quota=False)) == rescue.NONE
