"""Homes as they were: where they are seen, and each night's work."""

import logging
import tarfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import docker
import pytest

from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.services.snapshots.keeper import Keeper
from opendata_hub.storage import Folders, Rule, mountpoint, open_snapshots
from opendata_hub.storage.snapshots import FOLDER, mounts

NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.utc)
RULE = Rule(0, 3, timezone.utc)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Folders]:
    """Homes of anna and ben, in folders; nobody asks the engine."""
    client = docker.APIClient(version="1.41")
    storage = Folders(Engine(client), tmp_path)
    for user in ("anna", "ben"):
        await storage.make(user)
        (storage.at(user) / "thesis.txt").write_text(f"{user}'s, first")
    yield storage
    client.close()


@pytest.fixture
def keeper(storage: Folders) -> Keeper:
    """Keeps their archives of three days."""
    return Keeper(storage, open_snapshots(storage, storage.path / FOLDER), RULE)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the service logs."""
    caplog.set_level(logging.INFO, "opendata_hub.snapshots")
    return caplog


def archives(storage: Folders, user: str) -> list[str]:
    """What the user sees."""
    return sorted(path.name for path in (storage.path / FOLDER / user).iterdir())


def read(storage: Folders, user: str, archive: str, member: str = "./thesis.txt") -> str:
    """A file in an archive."""
    with tarfile.open(storage.path / FOLDER / user / archive) as opened:
        file = opened.extractfile(member)
        assert file
        return file.read().decode()


# -- where they are seen


def test_the_place_in_the_home_is_made_for_its_owner(tmp_path: Path) -> None:
    """Once; the second time it is there."""
    assert mountpoint.make(tmp_path)
    assert mountpoint.make(tmp_path)
    assert mountpoint.is_empty(tmp_path)
    assert (tmp_path / "snapshots").stat().st_uid == tmp_path.stat().st_uid


@pytest.mark.parametrize("what", ["file", "symlink", "full", "dangling"])
def test_nothing_of_the_users_is_hidden_or_followed(tmp_path: Path, what: str) -> None:
    """What they have called snapshots stays theirs, and their server starts without ours."""
    place, other = tmp_path / "home" / "snapshots", tmp_path / "other"
    place.parent.mkdir()
    other.mkdir()
    if what == "file":
        place.write_text("mine")
    elif what == "full":
        place.mkdir()
        (place / "mine").touch()
    else:
        place.symlink_to(other if what == "symlink" else tmp_path / "gone")
    before = place.lstat()

    assert not mountpoint.make(place.parent)
    assert not mountpoint.is_empty(place.parent)
    # Not the whole answer: that a link was read moves its time of access.
    after = place.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert not (tmp_path / "gone").exists()


async def test_they_are_mounted_read_only(storage: Folders, tmp_path: Path) -> None:
    """A folder of the user's alone, made by now, whoever reads the machine's other folders."""
    root = tmp_path / FOLDER
    (mount,) = await mounts(storage, str(root), "anna")
    assert mount == {
        "type": "bind",
        "source": str(root / "anna"),
        "target": "/home/jovyan/snapshots",
        "read_only": True,
    }
    assert (root / "anna").stat().st_mode & 0o777 == 0o755
    assert root.stat().st_mode & 0o777 == 0o700


async def test_none_are_mounted_where_there_are_none(storage: Folders, tmp_path: Path) -> None:
    """Not where they are switched off, and not where this process sees no home."""
    assert await mounts(storage, "", "anna") == []
    assert await mounts(storage, str(tmp_path / FOLDER), "nobody") == []
    assert not (storage.at("anna") / "snapshots").exists()


# -- each night


async def test_each_night_has_its_archive(
    storage: Folders, keeper: Keeper, log: pytest.LogCaptureFixture
) -> None:
    """A home in which nothing has changed is not written again, nor is one twice in a night."""
    await keeper.round(NIGHT)
    (storage.at("anna") / "thesis.txt").write_text("anna's, second")
    await keeper.round(NIGHT + timedelta(hours=1))
    await keeper.round(NIGHT + timedelta(days=1))

    assert archives(storage, "ben") == ["2026-11-22T03-00Z.tar.gz"]
    assert archives(storage, "anna") == ["2026-11-22T03-00Z.tar.gz", "2026-11-23T03-00Z.tar.gz"]
    assert read(storage, "anna", "2026-11-22T03-00Z.tar.gz") == "anna's, first"
    assert read(storage, "anna", "2026-11-23T03-00Z.tar.gz") == "anna's, second"
    assert "ben: nothing has changed since 2026-11-22 03:00 UTC" in log.messages


async def test_old_ones_go_by_the_rule(
    storage: Folders, keeper: Keeper, log: pytest.LogCaptureFixture
) -> None:
    """Three days with a change stay; a home that nobody changes keeps what there is of it."""
    for day in range(5):
        (storage.at("anna") / "thesis.txt").write_text(f"day {day}")
        await keeper.round(NIGHT + timedelta(days=day))
    await keeper.round(NIGHT + timedelta(days=200))

    assert [name[8:10] for name in archives(storage, "anna")] == ["24", "25", "26"]
    assert len(archives(storage, "ben")) == 1
    assert "anna: the state of 2026-11-22 03:00 UTC goes" in log.messages


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
async def test_a_clock_that_jumps_loses_nothing(
    storage: Folders, keeper: Keeper, jump: timedelta
) -> None:
    """There and back: every state stays, and what changes meanwhile is kept."""
    moments = [NIGHT, NIGHT + jump, NIGHT + timedelta(days=1)]
    for number, moment in enumerate(moments):
        (storage.at("anna") / "thesis.txt").write_text(f"state {number}")
        await keeper.round(moment)

    kept = {read(storage, "anna", name) for name in archives(storage, "anna")}
    assert kept == {"state 0", "state 1", "state 2"}


class Closed(Folders):
    """Folders, some of which are closed to this process, which may be root."""

    closed = ("anna", "ben")

    async def folder(self, user: str) -> Path:
        """Return the folder of one that is open."""
        if user in self.closed:
            raise StorageError(f"The home of {user} is closed; run the hub as root.")
        return await super().folder(user)


async def test_one_home_that_cannot_be_read_holds_up_no_other(
    storage: Folders, log: pytest.LogCaptureFixture
) -> None:
    """It is named with the reason, each night."""
    storage.__class__, storage.closed = Closed, ("anna",)
    keeper = Keeper(storage, open_snapshots(storage, storage.path / FOLDER), RULE)
    await keeper.round(NIGHT)

    assert archives(storage, "ben")
    assert (
        "anna: no state is kept: The home of anna is closed; run the hub as root." in log.messages
    )


async def test_what_nobody_can_read_is_said_once(
    storage: Folders, log: pytest.LogCaptureFixture
) -> None:
    """A hub that is not root cannot keep what is root's: one line, with what to do."""
    storage.__class__ = Closed
    keeper = Keeper(storage, open_snapshots(storage, storage.path / FOLDER), RULE)
    await keeper.round(NIGHT)
    await keeper.round(NIGHT + timedelta(days=1))

    (line,) = log.messages
    assert line == "No states of homes are kept. The home of ben is closed; run the hub as root."
    assert not (storage.path / FOLDER).exists()


async def test_what_is_removed_with_its_home(storage: Folders, keeper: Keeper) -> None:
    """Nothing of a home is left; of the others, all."""
    await keeper.round(NIGHT)
    await storage.remove("anna")

    assert not (storage.path / FOLDER / "anna").exists()
    assert archives(storage, "ben")


async def test_what_a_killed_process_leaves_is_no_archive(storage: Folders, keeper: Keeper) -> None:
    """Nobody sees it, and the next night clears it away."""
    await keeper.round(NIGHT)
    part = storage.path / FOLDER / ".work" / "anna.part"
    part.write_bytes(b"half")
    assert len(archives(storage, "anna")) == 1

    await keeper.round(NIGHT + timedelta(days=1))
    assert not part.exists()
