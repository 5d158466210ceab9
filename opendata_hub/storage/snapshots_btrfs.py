"""States of homes on btrfs: read-only subvolumes, which take milliseconds and hardly any room."""

import asyncio
from datetime import datetime
from pathlib import Path

from opendata_hub.storage import subvolumes
from opendata_hub.storage.snapshots import Shelf
from opendata_hub.storage.storage import Storage


class Subvolumes:
    """
    A read-only subvolume for each state.

    Either it is there as a whole or not at all: the file system sees to that.

    Args:
        root: folder of the states, on the same disk as the homes.
    """

    def __init__(self, storage: Storage, root: Path) -> None:
        self._storage, self._shelf = storage, Shelf(root)

    async def taken(self, user: str) -> list[datetime]:
        """List the subvolumes."""
        return await asyncio.to_thread(self._shelf.taken, user)

    async def take(self, user: str, now: datetime) -> bool:
        """Make one, unless the file system has written nothing of this home since the last one."""
        return await asyncio.to_thread(self._take, await self._storage.folder(user), user, now)

    def _take(self, home: Path, user: str, now: datetime) -> bool:
        place = self._shelf.place(user, now)
        if place.exists() or not self._is_changed(home, user):
            return False
        self._shelf.make(user)
        subvolumes.snapshot(home, place)
        return True

    def _is_changed(self, home: Path, user: str) -> bool:
        places = [self._shelf.place(user, moment) for moment in self._shelf.taken(user)]
        last = max(map(subvolumes.generation, places), default=-1)
        return subvolumes.generation(home) > last

    async def drop(self, user: str, moment: datetime) -> None:
        """Delete one; the file system frees its room by and by."""
        await asyncio.to_thread(subvolumes.drop, self._shelf.place(user, moment))

    async def prepare(self) -> None:
        """Have the file system write what is on its way, which does not count as changed before."""
        await asyncio.to_thread(self._prepare)

    def _prepare(self) -> None:
        self._shelf.open()
        subvolumes.flush(self._shelf.root)
        subvolumes.forget_gone(self._shelf.root)
