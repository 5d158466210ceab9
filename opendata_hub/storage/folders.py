"""Homes in one folder of the engine's machine: a disk, or a share that is mounted there."""

import asyncio
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.storage import identity, measuring
from opendata_hub.storage.furnishing import furnish
from opendata_hub.storage.records import Record, Records
from opendata_hub.storage.snapshots import FOLDER
from opendata_hub.storage.storage import Home, Space


class Folders:
    """
    A folder for each user, named as the user's volume would be without its prefix.

    Args:
        path: the folder that holds them all; of this machine and the engine's, which are one.
        known_as: identity of that folder, without which there are no homes; empty for any.
    """

    kind = "folder"

    def __init__(self, engine: Engine, path: Path, known_as: str = "") -> None:
        self._engine, self.path, self._known_as = engine, path, known_as
        self.records = Records(path)

    def at(self, user: str) -> Path:
        """Return where a user's files are, or would be."""
        return self.path / homes.safe_name(user)

    async def has(self, user: str) -> bool:
        """Whether there is such a folder; nobody knows where the disk is not mounted."""
        return await asyncio.to_thread(self._has, user)

    def _require(self) -> None:
        if self._known_as:
            identity.require(self.path, self._known_as)

    def _has(self, user: str) -> bool:
        self._require()
        with _explained(f"{self.path} cannot be looked into"):
            return self.at(user).is_dir()

    async def make(self, user: str) -> None:
        """Make an empty folder, which belongs to the hub."""
        await asyncio.to_thread(self._make, user)

    def _make(self, user: str) -> None:
        with _explained(f"The home {self.at(user)} cannot be made"):
            self.records.write(Record(user))
            self._create(self.at(user))

    def _create(self, home: Path) -> None:
        home.mkdir(mode=0o755, exist_ok=True)

    async def furnish(self, user: str, container: str, files: Mapping[str, bytes]) -> None:
        """Fill it here if this process may, else through the container."""
        await furnish(self._engine, container, files, self.at(user))

    def mount(self, user: str) -> dict[str, Any]:
        """Return the mount of a home."""
        return {"type": "bind", "source": str(self.at(user)), "target": homes.HOME}

    async def folder(self, user: str) -> Path:
        """Return the folder."""
        if not measuring.is_open(self.at(user)):
            raise StorageError(f"{self.at(user)} cannot be read by this process; run it as root.")
        return self.at(user)

    async def homes(self) -> list[Home]:
        """List the folders that have a record; nobody knows where the disk is not mounted."""
        return await asyncio.to_thread(self._homes)

    def _homes(self) -> list[Home]:
        self._require()
        with _explained(f"The homes in {self.path} cannot be listed"):
            records = [record for record in self.records.read() if self.at(record.user).is_dir()]
        found = [Home(record.user, str(self.at(record.user)), record.when) for record in records]
        return sorted(found, key=lambda home: home.user)

    async def mark(self, user: str, deleted: datetime | None) -> None:
        """Write it into the record, unless it is there: the disk may be full."""
        record = Record(user, deleted.isoformat() if deleted else "")
        await asyncio.to_thread(self._note, record)

    def _note(self, record: Record) -> None:
        with _explained(f"{self.records.folder} cannot be written"):
            if self.records.find(record.user) != record:
                self.records.write(record)

    async def remove(self, user: str) -> None:
        """
        Remove the folder with its snapshots and its record.

        They leave their places first: broken off, nothing is left of a home there; the rest goes
        with the next one, or by ``clear``.
        """
        await asyncio.to_thread(self._remove, user)

    def _remove(self, user: str) -> None:
        name = homes.safe_name(user)
        with _explained(f"The home {self.at(user)} cannot be removed"):
            for folder in (self.path / FOLDER / name, self.at(user)):
                if folder.is_dir():
                    self._put_aside(folder)
            self.records.remove(user)
        self.clear()

    def _put_aside(self, folder: Path) -> None:
        aside = self._going / secrets.token_hex(8)
        try:
            self._going.mkdir(parents=True, exist_ok=True)
            folder.rename(aside)
        except OSError:  # a full disk, which this may be about; or snapshots on another one
            self._destroy(folder)

    @property
    def _going(self) -> Path:
        return self.records.folder / "going"

    def clear(self) -> None:
        """
        Delete what was put aside; none is fine.

        Raises:
            StorageError: something stays; the next time tries it again.
        """
        with _explained(f"{self._going} cannot be emptied"):
            for folder in self._going.iterdir() if self._going.is_dir() else ():
                self._destroy_together(folder)

    def _destroy_together(self, folder: Path) -> None:
        """Delete a folder; another process may be at it."""
        with suppress(FileNotFoundError):
            try:
                self._destroy(folder)
            except StorageError:
                if folder.exists():
                    raise

    def _destroy(self, folder: Path) -> None:
        shutil.rmtree(folder)

    async def space(self, user: str) -> Space:
        """Count the files."""
        return await measuring.space(await self.folder(user))

    async def limit(self, user: str, quota: int | None) -> None:
        """Refuse; no limit is fine."""
        if quota is not None:
            raise StorageError(
                f"{self.path} has no quotas for homes; write 'storage: btrfs' under homes in "
                "hub.yaml, with a path that is on btrfs."
            )


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        way = "; run this as root" if isinstance(error, PermissionError) else ""
        raise StorageError(f"{what}: {error.strerror}{way}.") from error
