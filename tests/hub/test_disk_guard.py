"""A student who fills the disk of all is stopped, and told; the others work on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests import stand_in
from tests.disks import plain_disk
from tests.hubs import RunningHub, running_hub, wait_for

EXTRA = """
c.OpenDataSpawner.catalogue = [dict(slug="a", display_name="A", image="{image}")]
c.OpenDataSpawner.home_storage, c.OpenDataSpawner.home_path = "folder", "{disk}"
"""
FILL = """
chunk = bytes(range(256)) * 4096
with open("/home/jovyan/large", "wb", 0) as file:
    while True:
        file.write(chunk)
"""
WORK = """
import os
while True:
    with open("/home/jovyan/state", "wb", 0) as file:
        file.write(bytes(2**20))
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk for homes; of its 4 GB 650 MB are left."""
    with plain_disk(tmp_path_factory.mktemp("disks"), "4G") as disk:
        left = os.statvfs(disk)
        with disk.joinpath("taken").open("wb") as file:  # nothing is written to it
            taken = left.f_bavail * left.f_frsize - 650 * 2**20
            os.posix_fallocate(file.fileno(), 0, taken)
        yield disk


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
    disk: Path,
    build: Callable[..., str],
) -> Iterator[RunningHub]:
    """A hub with its homes there."""
    image = build(stand_in.LINES, base=stand_in.BASE)
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, client, EXTRA.format(image=image, disk=disk)) as hub:
        yield hub


def test_who_fills_the_disk_is_stopped_in_time_and_told(
    hub: RunningHub, user: str, disk: Path, new_name: Callable[[str], str]
) -> None:
    """At once, with the reason on the page; the disk is not full, and what was written is there."""
    other = hub.add_user(new_name("user"))
    for one in (user, other):
        assert hub.start(one).ok
    _run(hub, other, WORK)

    _run(hub, user, FILL)

    wait_for(lambda: not hub.servers(user), "it is stopped")
    assert os.statvfs(disk).f_bavail
    assert (disk / user / "large").stat().st_size > 0
    assert hub.container(other)["State"]["Running"]
    assert "it was filling the disk that everybody shares" in hub.page(user, f"/hub/spawn/{user}")
    assert f"Server of {user}: stopped, as it was filling the disk" in hub.log
    assert hub.start(user).ok


def _run(hub: RunningHub, user: str, code: str) -> None:
    """Have this running in a server."""
    job = hub.client.exec_create(hub.container(user)["Id"], ["python3", "-c", code])
    hub.client.exec_start(job["Id"], detach=True)
