"""The room that copies: what goes into a vault comes back, checked, by restic and by rsync."""

import asyncio
import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import docker
import pytest

from opendata_hub import backup
from opendata_hub.backup import Hub, Report, Run, Way
from opendata_hub.backup.contents import DATABASE, STATE
from opendata_hub.backup.plain import Plain
from opendata_hub.backup.restic import Restic
from opendata_hub.backup.stage import Stage
from opendata_hub.engine import Engine
from opendata_hub.errors import BackupError
from opendata_hub.storage import Btrfs, Folders, Home, subvolumes
from opendata_hub.storage.records import FOLDER
from tests import backups
from tests.disks import btrfs_disk
from tests.ports import free_ports

LARGE = 64 * 2**20
"""Bytes; more than a backup reads besides."""

Vault = Restic | Plain


def silent(done: int, total: int) -> None:
    """Tell nobody how far it is."""


@dataclass
class Ground:
    """A hub that does not run, with three users, and where its backups go."""

    hub: Hub
    storage: Folders
    vault: Vault

    def save(self) -> Report:
        """Make a backup."""
        found = asyncio.run(backup.live(self.storage))
        return backup.save(self.hub, self.storage, found, self.vault, silent)

    def homes(self) -> list[Home]:
        """All that there are."""
        return asyncio.run(self.storage.homes())

    def files(self) -> dict[str, Any]:
        """All that is in them."""
        return backups.portrait(self.storage.path, but=[FOLDER])

    def way(self, run: Run | None = None) -> tuple[Way, backup.Index]:
        """From a backup, by default the last, to the homes."""
        run = run or self.vault.runs()[-1]
        return Way(self.vault, run, self.storage), backup.parse(self.vault.index(run), "it")

    def destroy(self) -> None:
        """Lose the disk."""
        shutil.rmtree(self.hub.folder)
        shutil.rmtree(self.storage.path)
        self.storage.path.mkdir()


@pytest.fixture(params=backups.ENGINES)
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    """An empty one of each kind."""
    place = tmp_path / "vault"
    return Restic(str(place), "secret") if request.param == "restic" else Plain(place)


@pytest.fixture
def ground(tmp_path: Path, client: docker.APIClient, vault: Vault) -> Ground:
    """A hub with a user whose name is no name of a folder, and one who was deleted."""
    folder, homes = tmp_path / "hub", tmp_path / "homes"
    for path in (folder / "welcome", homes):
        path.mkdir(parents=True)
    (folder / STATE).mkdir(mode=0o700)
    (folder / STATE / "cookie_secret").write_text("secret")
    (folder / STATE / "cookie_secret").chmod(0o600)
    (folder / STATE / "proxy.pid").write_text("1")
    with sqlite3.connect(folder / STATE / DATABASE) as database:
        database.execute("CREATE TABLE users (name)")
    (folder / "hub.yaml").write_text("hub: {}\n")
    (folder / "welcome" / "hello.txt").write_text("hello")
    (tmp_path / "token").write_text("elsewhere")
    storage = Folders(Engine(client), homes)
    for user in ("anna", "Jörg Ü.", "gone"):
        asyncio.run(storage.make(user))
        backups.fill(storage.at(user), user.encode())
    asyncio.run(storage.mark("gone", datetime(2026, 1, 2, tzinfo=timezone.utc)))
    files = [folder / "hub.yaml", folder / "welcome", tmp_path / "token"]
    hub = Hub(folder, "hub.yaml", files, {"cms": "/data"}, ["far:1"], free_ports(1)[0])
    return Ground(hub, storage, vault)


def test_all_comes_back_as_it_was(ground: Ground, tmp_path: Path) -> None:
    """Names, links, holes, owners, modes, times and marks; settings, secrets, what lies outside."""
    homes = ground.files()
    hub = backups.portrait(ground.hub.folder)
    users = ground.homes()
    ground.save()
    ground.destroy()
    (tmp_path / "token").unlink()

    way, index = ground.way()
    restored = backup.restore(way, index, ground.hub.folder, silent)

    assert set(restored.homes) == {"anna", "Jörg Ü.", "gone"} and not restored.damaged
    assert ground.files() == homes
    for name, look in backups.portrait(ground.hub.folder).items():
        assert look == hub[name] or name == f"{STATE}/{DATABASE}"
    assert hub.keys() - backups.portrait(ground.hub.folder).keys() == {f"{STATE}/proxy.pid"}
    assert ground.homes() == users
    assert (ground.storage.at("anna") / "sparse").stat().st_blocks * 512 < 2**20
    assert (tmp_path / "token").read_text() == "elsewhere"
    assert index.datasets == {"cms": "/data"} and index.images == ("far:1",)


def test_what_has_not_changed_is_not_read_again(ground: Ground) -> None:
    """A second backup reads less than one home has; a new file comes along; the oldest may go."""
    large = ground.storage.at("anna") / "large"
    large.write_bytes(secrets.token_bytes(LARGE))
    ground.save()
    before = backups.read_so_far()

    unchanged = ground.save()

    assert backups.read_so_far() - before < LARGE / 2
    assert unchanged.saved.added < 2**20
    (ground.storage.at("anna") / "new").write_bytes(secrets.token_bytes(2**21))
    changed = ground.save()
    assert 2**21 <= changed.saved.added < LARGE / 2

    assert ground.vault.keep(2) == 1
    left = [unchanged.saved.run.name, changed.saved.run.name]
    assert [run.name for run in ground.vault.runs()] == left
    ground.vault.verify(silent)


@pytest.mark.parametrize("vault", ["rsync"], indirect=True)
def test_a_change_meanwhile_is_told(ground: Ground) -> None:
    """Files that are written while they are copied are named, and no others."""
    with _writing(ground.storage.at("anna") / "busy.log"):
        report = ground.save()

    assert report.changed == ("anna: busy.log",)


def test_a_flipped_byte_is_found_and_never_brought_back(ground: Ground) -> None:
    """A restore brings all other homes, and ends only if that one is given up."""
    (ground.storage.at("anna") / "large").write_bytes(secrets.token_bytes(9 * 2**20))
    ground.save()
    ground.vault.verify(silent)
    backups.flip(backups.largest(Path(ground.vault.place)))

    with pytest.raises(BackupError, match="is damaged"):
        ground.vault.verify(silent)
    ground.destroy()
    way, index = ground.way()
    for gives_up in (False, True):
        restored = backup.restore(way, index, ground.hub.folder, silent, gives_up)
        assert restored.is_ended == (ground.hub.folder / "hub.yaml").exists() == gives_up

    assert set(restored.homes) == {"Jörg Ü.", "gone"}
    assert "large" in restored.damaged["anna"]
    assert not ground.storage.at("anna").exists()


def test_single_homes_come_back_beside_what_is_there(ground: Ground) -> None:
    """As often as asked, from the backup asked for; a home that is gone comes back whole."""
    anna, gone = ground.storage.at("anna"), ground.storage.at("gone")
    first, before, deleted = ground.save(), *map(backups.portrait, (anna, gone))
    (anna / "notes.txt").write_text("overwritten by mistake")
    ground.save()
    asyncio.run(ground.storage.remove("gone"))
    way, index = ground.way(first.saved.run)

    for number in ("", "-2"):
        folder = backup.restore_homes(way, index, ["anna"], silent).homes["anna"]
        assert folder == f"restored-{first.saved.run.name}{number}"
        assert backups.portrait(anna / folder) == before
    backup.restore_homes(way, index, ["gone"], silent)

    assert (anna / "notes.txt").read_text() == "overwritten by mistake"
    assert backups.portrait(gone) == deleted
    assert [home.user for home in ground.homes() if home.deleted] == ["gone"]


@pytest.mark.parametrize("vault", ["rsync"], indirect=True)
def test_nothing_is_overwritten(ground: Ground) -> None:
    """A restore over a hub that is there is refused, with names of what is in the way."""
    ground.save()
    before = ground.files()
    way, index = ground.way()

    with pytest.raises(BackupError, match=r"hub\.yaml.*the home of .*anna"):
        backup.restore(way, index, ground.hub.folder, silent)
    with pytest.raises(BackupError, match=r"no home of 'ana'\. Did you mean 'anna'"):
        backup.restore_homes(way, index, ["ana"], silent)

    assert ground.files() == before


@pytest.mark.parametrize("vault", ["rsync"], indirect=True)
def test_homes_on_btrfs_are_of_one_moment(ground: Ground, tmp_path: Path) -> None:
    """No change gets in, nor a subvolume of the user's lost, and what a killed run froze goes."""
    with btrfs_disk(tmp_path) as disk:
        storage = Btrfs(ground.storage._engine, disk)
        for user in ("anna", "ben"):
            asyncio.run(storage.make(user))
            (storage.at(user) / "notes.txt").write_text(user)
        subvolumes.create(storage.at("ben") / "own")
        (storage.at("ben") / "own" / "deep.txt").write_text("deep")
        (disk / FOLDER / "backup").mkdir()
        subvolumes.snapshot(storage.at("anna"), disk / FOLDER / "backup" / "anna")
        ground.storage = storage

        with _writing(storage.at("anna") / "busy.log"):
            report = ground.save()

        assert report.changed == () and report.files == 4
        assert not (disk / FOLDER / "backup").exists()
        kept = Path(ground.vault.runs()[0].key) / "tree" / "homes"
        assert (kept / "ben" / "own" / "deep.txt").read_text() == "deep"


def test_no_link_leads_out_of_a_home(tmp_path: Path) -> None:
    """Where copies are made, a path through a user's link ends there: swapped in or not."""
    (tmp_path / "way").symlink_to("/etc")

    with Stage() as stage:
        stage.place(tmp_path, "homes/anna")
        for path in ("way/passwd", "way"):
            with pytest.raises(OSError, match="Too many levels of symbolic links"):
                stage.run(os.listdir, stage.root / "homes/anna" / path)
        with pytest.raises(OSError, match="Read-only file system"):
            stage.run((stage.root / "homes/anna/new").touch)

    assert not os.path.ismount(stage.root) and not list(stage.root.iterdir())


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Write into a file all the time."""
    ended, begun = threading.Event(), threading.Event()

    def write() -> None:
        while not ended.is_set():
            file.write_bytes(secrets.token_bytes(1000))
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        begun.wait()
        yield
    finally:
        ended.set()
        writer.join()
