"""Homes in one folder of the engine's machine: a disk, or a share that is mounted there."""

import asyncio
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.storage import measuring
from opendata_hub.storage.furnishing import furnish
from opendata_hub.storage.records import Record, Records
from opendata_hub.storage.storage import Home, Space


class Folders:
    """
    A folder for each user, named as the user's volume would be without its prefix.

    Args:
        path: the folder that holds them all; of this machine and the engine's, which are one.
    """

    kind = "folder"

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine, self.path = engine, path
        self.records = Records(path)

    def at(self, user: str) -> Path:
        """Return where a user's files are, or would be."""
        return self.path / homes.safe_name(user)

    async def has(self, user: str) -> bool:
        """Whether there is such a folder."""
        return await asyncio.to_thread(self.at(user).is_dir)

    async def make(self, user: str) -> None:
        """Make an empty folder, which belongs to the hub."""
        await asyncio.to_thread(self._make, user)

    def _make(self, user: str) -> None:
        try:
            self.records.write(Record(user))
            self._create(self.at(user))
        except OSError as error:
            raise StorageError(
                f"The home {self.at(user)} cannot be made: {error.strerror}."
            ) from error

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
        """List the folders that have a record."""
        return await asyncio.to_thread(self._homes)

    def _homes(self) -> list[Home]:
        records = (record for record in self.records.read() if self.at(record.user).is_dir())
        found = [Home(record.user, str(self.at(record.user)), record.when) for record in records]
        return sorted(found, key=lambda home: home.user)

    async def mark(self, user: str, deleted: datetime | None) -> None:
        """Write it into the record."""
        record = Record(user, deleted.isoformat() if deleted else "")
        await asyncio.to_thread(self.records.write, record)

    async def remove(self, user: str) -> None:
        """Remove the folder, then its record: broken off, it is done again."""
        await asyncio.to_thread(self._remove, user)

    def _remove(self, user: str) -> None:
        if self.at(user).is_dir():
            self._destroy(self.at(user))
        self.records.remove(user)

    def _destroy(self, home: Path) -> None:
        shutil.rmtree(home)

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
