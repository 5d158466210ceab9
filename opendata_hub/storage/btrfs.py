"""Homes on btrfs: a subvolume each, with a hard quota."""

import asyncio
import logging
from pathlib import Path

from opendata_hub import homes
from opendata_hub.errors import StorageError
from opendata_hub.storage import measuring, quotas, subvolumes
from opendata_hub.storage.folders import Folders
from opendata_hub.storage.quotas import Usage
from opendata_hub.storage.records import Records
from opendata_hub.storage.storage import Space

log = logging.getLogger("opendata_hub.homes")


class Btrfs(Folders):
    """As folders, on a path that is on btrfs; a home takes no time to measure or to delete."""

    kind = "btrfs"

    async def space(self, user: str) -> Space:
        """Ask the file system; where no quotas are switched on, count the files."""
        usage = await asyncio.to_thread(self._usage, user)
        if usage is None:
            return await measuring.space(await self.folder(user))
        return Space(usage.used, usage.quota)

    def _usage(self, user: str) -> Usage | None:
        usage = quotas.usage(self.at(user))
        if usage and usage.inner and usage.quota:
            try:
                _limit(user, self.at(user), usage.quota)
            except StorageError as error:  # such as of a full disk
                log.warning("Subvolumes in the home of %s are not held back: %s", user, error)
        return usage

    async def limit(self, user: str, quota: int | None) -> None:
        """Set it, switching quotas on if they are not; a full disk may refuse what is a change."""
        await asyncio.to_thread(_limit, user, self.at(user), quota)

    def _has(self, user: str) -> bool:
        there = super()._has(user)
        if there and not subvolumes.is_one(self.at(user)):
            raise StorageError(
                f"{self.at(user)} is a folder, and no subvolume as homes on btrfs are: it was made "
                "with storage: folder. Write that back into hub.yaml, and carry all homes to "
                "another path: opendata-hub homes move --to btrfs:PATH"
            )
        return there

    def _create(self, home: Path) -> None:
        try:
            subvolumes.create(home)
        except StorageError:
            if not home.is_dir():  # else a start has left it that was broken off, or is beside
                raise
        home.chmod(0o755)

    def _destroy(self, folder: Path) -> None:
        if subvolumes.is_one(folder):
            if subvolumes.nested(folder):
                quotas.limit(folder, None)  # in a home that is full no subvolume can be deleted
            subvolumes.delete(folder)
            return
        for inner in folder.iterdir():  # snapshots
            if inner.is_dir() and not inner.is_symlink() and subvolumes.is_one(inner):
                subvolumes.delete(inner)
        super()._destroy(folder)


def limit_all(path: Path, quota: int | None) -> None:
    """
    Set the quota of every home in a folder, in bytes; None for no limit.

    Raises:
        StorageError: one cannot be set.
    """
    for record in Records(path).read():
        home = path / homes.safe_name(record.user)
        # A quota for a plain folder would be one for the whole disk.
        if home.is_dir() and subvolumes.is_one(home):
            _limit(record.user, home, quota)


def _limit(user: str, home: Path, quota: int | None) -> None:
    if closed := quotas.limit(home, quota):
        text = "%s has made subvolumes in their home (%d new): nothing more is written to them."
        log.warning(text, user, closed)
