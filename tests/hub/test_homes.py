"""Homes on btrfs in a real hub: from the first start to the end of their user."""

import errno
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.homes import GID, UID
from opendata_hub.storage import Btrfs, Home, Storage, identity
from tests import stand_in
from tests.disks import btrfs_disk
from tests.hubs import RunningHub, running_hub, wait_for

QUOTA = 32 * 2**20
EXTRA = """
c.OpenDataSpawner.catalogue = [
    dict(slug="quick", display_name="Quick", image="{quick}", default=True),
    dict(slug="gated", display_name="Gated", image="{gated}"),
]
c.OpenDataSpawner.home_storage = "btrfs"
c.OpenDataSpawner.home_path = "{disk}"
c.OpenDataSpawner.home_identity = "{identity}"
c.OpenDataSpawner.home_quota = {quota}
c.OpenDataSpawner.former_homes = [("folder", "{former}")]
c.OpenDataSpawner.welcome = "{welcome}"
c.OpenDataSpawner.start_slots = 1
"""
FILL = "import os; file = open('large', 'wb')\nwhile file.write(os.urandom(2**20)): file.flush()"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("btrfs")) as disk:
        yield disk


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that homes were in before."""
    return tmp_path_factory.mktemp("former")


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., str],
    disk: Path,
    former: Path,
) -> Iterator[RunningHub]:
    """A hub with homes on that disk, which starts one server at a time."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "welcome").mkdir()
    (folder / "welcome" / "welcome.txt").write_text("hello")
    extra = EXTRA.format(
        quick=build(stand_in.LINES, base=stand_in.BASE),
        gated=build(stand_in.GATE + stand_in.LINES, base=stand_in.BASE),
        disk=disk,
        identity=identity.adopt(disk),
        former=former,
        quota=QUOTA,
        welcome=folder / "welcome",
    )
    with running_hub(folder, client, extra) as hub:
        yield hub


@pytest.fixture
def storage(client: docker.APIClient, disk: Path) -> Btrfs:
    """The homes of the hub."""
    return Btrfs(Engine(client), disk)


def run(hub: RunningHub, user: str, program: str) -> int:
    """Run a Python program in the home of a user, as that user; return its exit code."""
    command = ["python3", "-c", program]
    job = hub.client.exec_create(hub.container(user)["Id"], command, workdir=homes.HOME)
    print(hub.client.exec_start(job["Id"]).decode())
    return int(hub.client.exec_inspect(job["Id"])["ExitCode"])


async def home_of(storage: Storage, user: str) -> Home | None:
    """What the storage lists of a user."""
    return next((home for home in await storage.homes() if home.user == user), None)


def delete(hub: RunningHub, user: str) -> None:
    """Delete a user, server and all."""
    hub.api.delete(f"/users/{user}").raise_for_status()


async def test_a_server_has_a_home_with_a_quota(hub: RunningHub, user: str, storage: Btrfs) -> None:
    """It belongs to its user, welcome file and all; what goes beyond the quota is not written."""
    assert hub.start(user).ok

    assert run(hub, user, "open('welcome.txt', 'a').write('!'); open('work.txt', 'w')") == 0
    full = f"import sys\ntry:\n    exec({FILL!r})\nexcept OSError as e: sys.exit(e.errno)"
    assert run(hub, user, full) == errno.EDQUOT
    assert (await storage.space(user)).quota == QUOTA
    there = (storage.at(user), *storage.at(user).iterdir())
    assert {(path.stat().st_uid, path.stat().st_gid) for path in there} == {(UID, GID)}


async def test_the_quota_is_set_at_each_start(hub: RunningHub, user: str, storage: Btrfs) -> None:
    """Also that of a home which somebody has changed by hand."""
    hub.start(user)
    hub.stop(user)
    await storage.limit(user, None)

    hub.start(user)

    assert (await storage.space(user)).quota == QUOTA


def test_a_home_that_a_kill_has_left_half_made_is_finished(
    hub: RunningHub, user: str, new_name: Callable[[str], str], storage: Btrfs
) -> None:
    """kill -9 between making a home and handing it over: the next start does the rest."""
    first = hub.add_user(new_name("first"))
    with ThreadPoolExecutor() as asking:  # the hub answers when a server is up, or never
        asking.submit(hub.ask, first, {"image": "gated"})
        wait_for(lambda: hub.runs(first), "the only slot is taken")
        asking.submit(hub.ask, user)
        wait_for(storage.at(user).is_dir, "the home is made")
        assert storage.at(user).stat().st_uid == 0
        os.killpg(hub.process.pid, signal.SIGKILL)
        hub.process.wait()
    hub.open_gate(first)  # else the next hub waits for it

    hub.run()

    assert hub.start(user).ok
    assert run(hub, user, "open('welcome.txt', 'a').write('!'); open('work.txt', 'w')") == 0


async def test_who_comes_back_has_their_files(hub: RunningHub, user: str, storage: Btrfs) -> None:
    """A deleted user's home is kept and marked; under the same name it is theirs again."""
    hub.start(user)
    run(hub, user, "open('work.txt', 'w').write('done')")
    delete(hub, user)
    kept = await home_of(storage, user)
    assert kept is not None
    assert kept.deleted

    hub.add_user(user)
    hub.start(user)

    assert run(hub, user, "assert open('work.txt').read() == 'done'") == 0
    assert await home_of(storage, user) == Home(user, str(storage.at(user)))


async def test_the_end_of_a_named_server_is_not_its_users(
    hub: RunningHub, user: str, storage: Btrfs
) -> None:
    """It has no home of its own: nothing is marked."""
    hub.start(user, server="second")
    hub.stop(user, "second")

    hub.api.request("DELETE", f"/users/{user}/servers/second", json={"remove": True})

    assert await home_of(storage, user) == Home(user, str(storage.at(user)))


def test_nobody_gets_an_empty_home_whose_files_are_elsewhere(
    hub: RunningHub, user: str, storage: Btrfs, former: Path
) -> None:
    """In a volume, where all homes were before, or in a folder that hub.yaml named before."""
    hub.client.create_volume(homes.volume_name(user), labels=homes.labels(user))

    start = hub.start(user)

    assert not start.ok
    assert f"still in the volume {homes.volume_name(user)}" in start.message
    assert f"opendata-hub homes move --to btrfs:{storage.path}" in start.message
    hub.client.remove_volume(homes.volume_name(user))
    (former / user).mkdir()

    start = hub.start(user)

    assert f"still in the folder {former / user}" in start.message
    assert not storage.at(user).exists()


def test_no_home_is_made_where_the_disk_is_not_mounted(
    hub: RunningHub, user: str, disk: Path
) -> None:
    """The start says what to mount; once that is done, it goes through."""
    with something_else_in(disk):
        start = hub.start(user)

        assert not start.ok
        assert f"mount {disk}" in start.message
        assert not any(disk.iterdir())
    assert hub.start(user).ok


@contextmanager
def something_else_in(place: Path) -> Iterator[None]:
    """Hide a disk by another file system, as if it were not mounted."""
    subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)
