"""Homes on btrfs: a subvolume each, with a hard quota."""

import asyncio
from pathlib import Path

from opendata_hub import homes
from opendata_hub.errors import StorageError
from opendata_hub.storage import measuring, subvolumes
from opendata_hub.storage.folders import Folders
from opendata_hub.storage.records import Records
from opendata_hub.storage.storage import Space


class Btrfs(Folders):
    """As folders, on a path that is on btrfs; a home takes no time to measure or to delete."""

    kind = "btrfs"

    async def space(self, user: str) -> Space:
        """Ask the file system; where no quotas are switched on, count the files."""
        usage = await asyncio.to_thread(subvolumes.usage, self.at(user))
        if usage is None:
            return await measuring.space(await self.folder(user))
        return Space(usage.used, usage.limit)

    async def limit(self, user: str, quota: int | None) -> None:
        """Set it, switching quotas on if they are not; a full disk may refuse what is a change."""
        usage = await asyncio.to_thread(subvolumes.usage, self.at(user))
        if quota != (usage and usage.limit):
            await asyncio.to_thread(subvolumes.limit, quota, self.at(user))

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
            subvolumes.delete(folder)
            return
        for snapshot in folder.iterdir():
            subvolumes.delete(snapshot)
        folder.rmdir()


def limit_all(path: Path, quota: int | None) -> None:
    """
    Set the quota of every home in a folder, in bytes; None for no limit.

    Raises:
        StorageError: one cannot be set.
    """
    places = (path / homes.safe_name(record.user) for record in Records(path).read())
    # A quota for a plain folder would be one for the whole disk.
    subvolumes.limit(quota, *(at for at in places if at.is_dir() and subvolumes.is_one(at)))
