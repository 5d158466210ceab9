"""Snapshots and archives in the middle of which something breaks."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import pytest

from opendata_hub.engine import Engine
from opendata_hub.services.snapshots.keeper import Keeper
from opendata_hub.storage import (
    Btrfs,
    Folders,
    Rule,
    open_snapshots,
    open_storage,
)
from opendata_hub.storage.snapshots import FOLDER
from tests.disks import btrfs_disk
from tests.homes_of_text import furnished, is_whole, seen
from tests.hubs import wait_for

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
RULE = Rule(3, 2, timezone.utc)

ROUNDS = """
import asyncio, sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
import docker
from opendata_hub.engine import Engine
from opendata_hub.services.snapshots.keeper import Keeper
from opendata_hub.storage import Rule, open_snapshots, open_storage

async def main(kind, path):
    storage = open_storage(Engine(docker.APIClient(version="1.41")), kind, path)
    keeper = Keeper(storage, open_snapshots(storage, Path(path) / ".snapshots"), Rule(0, 9))
    print("begins", flush=True)
    for day in range(1000):
        for home in await storage.homes():
            (await storage.folder(home.user) / "day.txt").write_text(str(day))
        await keeper.round(datetime(2026, 1, 1, 12, tzinfo=timezone.utc) + timedelta(days=day))

asyncio.run(main(*sys.argv[1:]))
"""
"""The service's work, day after day without a pause."""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("snapshots")) as disk:
        yield disk


@pytest.fixture
def path(disk: Path, new_name: Callable[[str], str]) -> Path:
    """An empty folder on it."""
    path = disk / new_name("homes")
    path.mkdir()
    return path


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk of eight megabytes."""
    command = ["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", str(place)]
    subprocess.run(command, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextmanager
def at_work(kind: str, path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that keeps states of all homes without a pause; it is killed in the end."""
    command = [sys.executable, "-c", ROUNDS, kind, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout and process.stdout.readline()
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _newest(path: Path) -> str:
    return max((state.name for state, _ in seen(path)), default="")


@pytest.mark.parametrize("kind", [Btrfs.kind, Folders.kind])
async def test_a_process_that_is_killed_leaves_no_half_state(
    engine: Engine, path: Path, kind: str
) -> None:
    """Whatever users see is whole, and the next round goes on."""
    storage = open_storage(engine, kind, path)
    for user in ("anna", "ben", "cem"):
        await furnished(storage, user)
    for _ in range(2):
        before = _newest(path)
        with at_work(kind, path):
            wait_for(lambda before=before: _newest(path) > before, "there are new states")
        assert all(is_whole(*state) for state in seen(path))
    await Keeper(storage, open_snapshots(storage, path / FOLDER), Rule(0, 9)).round(NOON)
    assert len({user for _, user in seen(path)}) == 3
    assert not list((path / FOLDER).glob(".work/*.part"))


@contextmanager
def mounted(file: Path) -> Iterator[Path]:
    """Mount the file of a disk as after a power cut: nobody has unmounted it."""
    place = file.with_suffix(".place")
    place.mkdir()
    mount = ["mount", "--options", "loop", str(file), str(place)]

    def is_mounted() -> bool:
        # The kernel knows the disk as it was later, and would take no older one of its name, nor
        # one while a container that is just starting has the other one yet.
        subprocess.run(["btrfs", "device", "scan", "--forget"], capture_output=True)
        return not subprocess.run(mount, capture_output=True).returncode

    wait_for(is_mounted, f"{file} can be mounted")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("kind", [Btrfs.kind, Folders.kind])
async def test_a_power_cut_leaves_no_half_state(engine: Engine, path: Path, kind: str) -> None:
    """The disk as it is at moments of the work, mounted again: all that is seen is whole."""
    cuts = [path / f"cut-{number}.img" for number in range(4)]
    with btrfs_disk(path, "256M") as inner:
        storage = open_storage(engine, kind, inner)
        for user in ("anna", "ben", "cem"):
            await furnished(storage, user)
        os.sync()
        with at_work(kind, inner):
            for number, cut in enumerate(cuts):
                wait_for(lambda most=5 * number: len(seen(inner)) > most, "there are states")
                # Not over some time but at one moment: both files share all that is in them.
                copy = ["cp", "--reflink=always", str(path / "disk.img"), str(cut)]
                subprocess.run(copy, check=True)  # noqa: ASYNC221  # it takes no time
    for cut in cuts:
        with mounted(cut) as place:
            assert all(is_whole(*state) for state in seen(place))
            storage = open_storage(engine, kind, place)
            await Keeper(storage, open_snapshots(storage, place / FOLDER), RULE).round(NOON)
            assert len({user for _, user in seen(place)}) == 3
            assert all(is_whole(*state) for state in seen(place))


async def test_archives_stop_before_the_disk_is_full(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, and what was begun is taken back: the room is for those who work."""
    storage = open_storage(engine, Folders.kind, tmp_path / "homes")
    storage.path.mkdir()
    for user in ("anna", "ben"):
        home = await furnished(storage, user)
        (home / "noise").write_bytes(os.urandom(5 * 2**20))
    root = tmp_path / "small"
    root.mkdir()
    with small_disk(root):
        await Keeper(storage, open_snapshots(storage, root / FOLDER), RULE).round(NOON)
        assert [path.name for path in (root / FOLDER / "anna").iterdir()]
        assert not list((root / FOLDER / "ben").iterdir())
        assert not list((root / FOLDER / ".work").glob("*.part"))
    assert f"The disk of {root / FOLDER / '.work'} has only" in caplog.text
