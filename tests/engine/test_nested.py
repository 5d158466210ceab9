"""Subvolumes that students make in their homes, and homes that are removed halfway."""

import errno
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.types import Mount

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.homes import GID, UID
from opendata_hub.storage import Btrfs, Folders, identity, open_storage, quotas, subvolumes
from opendata_hub.storage.btrfs import limit_all
from opendata_hub.storage.snapshots import FOLDER
from tests.conftest import remove_traces
from tests.disks import btrfs_disk
from tests.engine.conftest import Run

M = 2**20
MAKE_AND_WRITE = """
import fcntl, os, struct, sys
try:
    if {make}:
        home = os.open("/home/jovyan", os.O_RDONLY)
        name = struct.pack("=q4088s", 0, {name!r}.encode())
        fcntl.ioctl(home, 0x5000940E, bytearray(name))  # BTRFS_IOC_SUBVOL_CREATE
    with open("/home/jovyan/{name}/large", "ab") as file:
        for _ in range({megabytes}):
            file.write(os.urandom(2**20))
            file.flush()
            os.fsync(file.fileno())
except OSError as error:
    os._exit(error.errno)
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("btrfs")) as disk:
        yield disk


@pytest.fixture
def btrfs(engine: Engine, disk: Path) -> Btrfs:
    """Homes on btrfs."""
    return Btrfs(engine, disk)


@pytest.fixture
def user(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """Somebody; what they have on the engine is removed in the end."""
    user = new_name("dora")
    yield user
    remove_traces(client, user)


@pytest.fixture
def student(btrfs: Btrfs, user: str, client: docker.APIClient, make: Run) -> Callable[..., int]:
    """Makes a subvolume if asked, and writes to it, as a server would; returns the errno."""

    def student(name: str, megabytes: int, make_it: bool = True) -> int:
        program = MAKE_AND_WRITE.format(name=name, megabytes=megabytes, make=make_it)
        host = {
            "mounts": [Mount(**btrfs.mount(user))],
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
        }
        labels = [f"{homes.LABEL}.user={user}"]
        container = make(program, host=host, labels=labels, user=f"{UID}:{GID}")
        client.start(container)
        return int(client.wait(container)["StatusCode"])

    return student


async def a_home(btrfs: Btrfs, user: str, quota: int) -> Path:
    """A student's."""
    await btrfs.make(user)
    await btrfs.limit(user, quota)
    home = btrfs.at(user)
    home.chmod(0o777)
    return home


# -- subvolumes in homes


async def test_a_subvolume_of_a_student_ends_with_the_next_look(
    btrfs: Btrfs, user: str, student: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    """It counts, nothing more is written to it or to the home, no other is made; named once."""
    home = await a_home(btrfs, user, 24 * M)
    assert student("mine", 40) == 0

    with caplog.at_level(logging.WARNING):
        await btrfs.space(user)
        space = await btrfs.space(user)

    assert space.quota == 24 * M
    assert 40 * M <= space.used < 42 * M
    assert [record.message.split(" (")[0] for record in caplog.records] == [
        f"{user} has made subvolumes in their home"
    ]
    assert student("mine", 1, make_it=False) == errno.EDQUOT
    assert student("more", 1) == errno.EDQUOT
    assert student(".", 1, make_it=False) == errno.EDQUOT

    (home / "mine" / "large").unlink()
    subvolumes.flush(home)
    await btrfs.space(user)
    assert student(".", 1, make_it=False) == 0


async def test_a_home_beyond_its_quota_can_be_purged(btrfs: Btrfs, user: str) -> None:
    """Nothing can be made or deleted in it by btrfs while its limit holds."""
    home = await a_home(btrfs, user, 8 * M)
    subvolumes.create(home / "mine")
    (home / "mine" / "large").write_bytes(bytes(16 * M))
    await btrfs.limit(user, 8 * M)
    with pytest.raises(StorageError, match="quota"):
        subvolumes.create(home / "more")

    await btrfs.remove(user)

    assert not home.exists()


async def test_the_start_of_a_hub_and_of_a_server_look_too(btrfs: Btrfs, user: str) -> None:
    """One in the other, and a snapshot of the home; what they leave is what the home may hold."""
    home = await a_home(btrfs, user, 24 * M)
    subvolumes.create(home / "mine")
    subvolumes.create(home / "mine" / "deeper")
    (home / "mine" / "deeper" / "large").write_bytes(bytes(8 * M))
    limit_all(btrfs.path, 24 * M)
    (home / "small").write_bytes(bytes(4 * M))
    subvolumes.flush(home)
    with pytest.raises(OSError, match="quota"):
        (home / "mine" / "deeper" / "more").write_bytes(bytes(M))
    with pytest.raises(OSError, match="quota"):
        (home / "large").write_bytes(bytes(16 * M))

    await btrfs.limit(user, 64 * M)
    (home / "large").write_bytes(bytes(16 * M))
    subvolumes.snapshot(home, home / "kept")
    await btrfs.limit(user, 64 * M)

    usage = quotas.usage(home)
    assert usage is not None
    assert (usage.inner, usage.quota) == (3, 64 * M)
    assert usage.used > 48 * M  # the snapshot counts, too
    await btrfs.limit(user, None)
    (home / "mine" / "deeper" / "more").write_bytes(bytes(M))


async def test_snapshots_of_the_hub_count_for_nobody(btrfs: Btrfs, user: str) -> None:
    """What is deleted makes room, though a snapshot has it yet; quotas go on counting."""
    home = await a_home(btrfs, user, 24 * M)
    (home / "large").write_bytes(bytes(16 * M))
    place = btrfs.path / FOLDER / homes.safe_name(user)
    place.mkdir(parents=True)
    subvolumes.snapshot(home, place / "2026-11-22T03-00Z")

    (home / "large").unlink()
    subvolumes.flush(home)

    assert (await btrfs.space(user)).used < M
    (home / "large").write_bytes(bytes(16 * M))
    subvolumes.flush(home)
    assert (await btrfs.space(user)).used >= 16 * M


async def test_no_name_of_a_subvolume_leads_elsewhere(
    btrfs: Btrfs, user: str, new_name: Callable[[str], str]
) -> None:
    """A line break in it, and what looks like another line of a list: only what is there goes."""
    other = new_name("emil")
    await btrfs.make(other)
    (work := btrfs.at(other) / "work.txt").write_text("work")
    home = await a_home(btrfs, user, 24 * M)
    number, own = map(subvolumes.number, (btrfs.at(other), home))
    subvolumes.create(home / f"x\nID {number} gen 7 top level {own} path y")

    assert len(subvolumes.nested(home)) == 1
    await btrfs.remove(user)

    assert not home.exists()
    assert work.read_text() == "work"
    await btrfs.remove(other)


def test_more_subvolumes_than_one_answer_has(disk: Path) -> None:
    """The kernel tells of some tens at a time; all of them are found, and go."""
    home = disk / "many"
    subvolumes.create(home)
    for number in range(120):
        subvolumes.create(home / f"{number:0200}")

    assert len(set(subvolumes.nested(home))) == 120

    subvolumes.delete(home)
    assert not home.exists()


# -- homes that go, and folders that are not there


@pytest.mark.parametrize("kind", ["folder", "btrfs"])
async def test_half_a_home_is_nobodys(
    engine: Engine, disk: Path, user: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purge was broken off: a new home is empty, without snapshots; the rest goes later."""
    storage = open_storage(engine, kind, disk)
    assert isinstance(storage, Folders)
    storage.clear()
    await storage.make(user)
    (storage.at(user) / "work.txt").write_text("work")
    (disk / FOLDER / homes.safe_name(user)).mkdir(parents=True)

    with monkeypatch.context() as broken:
        broken.setattr(storage, "_destroy", broken_off)
        with pytest.raises(KeyboardInterrupt):
            storage._remove(user)

    assert [home for home in await storage.homes() if home.user == user] == []
    await storage.make(user)
    assert list(storage.at(user).iterdir()) == []
    assert not (disk / FOLDER / homes.safe_name(user)).exists()
    assert len(list((disk / ".opendata-hub" / "going").iterdir())) == 2

    storage.clear()
    assert list((disk / ".opendata-hub" / "going").iterdir()) == []
    assert await storage.has(user)
    await storage.remove(user)


def broken_off(folder: Path) -> None:
    """As a process that is killed."""
    raise KeyboardInterrupt


async def test_no_homes_are_listed_where_the_disk_is_not_mounted(
    engine: Engine, tmp_path: Path
) -> None:
    """Nobody shall think that there are none."""
    disk, below = tmp_path / "disk", tmp_path / "below"
    disk.mkdir()
    below.mkdir()
    known = identity.adopt(disk)

    assert await open_storage(engine, "folder", disk, known).homes() == []
    with pytest.raises(StorageError, match=f"mount {below}"):
        await open_storage(engine, "folder", below, known).homes()
