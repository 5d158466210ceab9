"""States of homes as archives, for storages that have nothing better."""

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from opendata_hub import homes
from opendata_hub.errors import StorageError
from opendata_hub.storage import packing
from opendata_hub.storage.snapshots import Shelf
from opendata_hub.storage.storage import Storage
from opendata_hub.storage.walking import walk

_WORK = ".work"


class Archives:
    """
    A ``.tar.gz`` for each state, which gets its name when it is whole and on the disk.

    Args:
        root: folder of the states.
    """

    def __init__(self, storage: Storage, root: Path) -> None:
        self._storage, self._shelf = storage, Shelf(root, ".tar.gz")
        self._work = root / _WORK

    async def taken(self, user: str) -> list[datetime]:
        """List the archives."""
        return await asyncio.to_thread(self._shelf.taken, user)

    async def take(self, user: str, now: datetime) -> bool:
        """
        Write one, unless every file has the times, the size and the name that it had last time.

        Raises:
            NoRoom: the disk is nearly full.
        """
        return await asyncio.to_thread(self._take, await self._storage.folder(user), user, now)

    def _take(self, home: Path, user: str, now: datetime) -> bool:
        place = self._shelf.place(user, now)
        try:
            folder = self._shelf.make(user)
            with self._alone():
                found, last = fingerprint(home), self._last(user)
                if place.exists() or (found and last == found):
                    return False
                draft = self._work / f"{folder.name}.part"
                packing.pack(home, draft)
                draft.rename(place)
                _sync(folder)
                self._note(user).write_text(f"{place.name}\n{found}", "utf-8")
        except OSError as error:
            raise StorageError(f"{place} cannot be written: {error.strerror}.") from None
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only process that writes; what one before has left half written goes."""
        self._work.mkdir(mode=0o700, exist_ok=True)
        with (self._work / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                self._clear()
                yield
            finally:
                self._clear()

    def _clear(self) -> None:
        for part in self._work.glob("*.part"):
            part.unlink()

    def _note(self, user: str) -> Path:
        return self._work / f"{homes.safe_name(user)}.seen"

    def _last(self, user: str) -> str:
        """Fingerprint of the home in its newest archive, as far as that is still there."""
        try:
            name, _, found = self._note(user).read_text("utf-8").partition("\n")
        except FileNotFoundError:
            return ""
        return found if (self._shelf.folder(user) / name).exists() else ""

    async def drop(self, user: str, moment: datetime) -> None:
        """Delete one."""
        await asyncio.to_thread(self._shelf.place(user, moment).unlink, missing_ok=True)

    async def prepare(self) -> None:
        """Clear away what a process that was killed has left half written."""
        await asyncio.to_thread(self._prepare)

    def _prepare(self) -> None:
        self._shelf.open()
        with self._alone():
            pass


def fingerprint(home: Path) -> str:
    """
    Return what any change of a home changes: names, sizes and the times that users cannot set.

    Clocks do not matter: a time that is another one is a change, be it later or earlier.

    Returns:
        str: empty where part of the home cannot be looked at, and nobody knows.
    """
    found = hashlib.sha256()
    try:
        for entry in walk(home):
            status = entry.status
            facts = (entry.path, status.st_ino, status.st_size, status.st_ctime_ns)
            found.update(repr(facts).encode("utf-8", "surrogateescape"))
    except OSError:
        return ""
    return found.hexdigest()


def remove(root: Path, user: str) -> None:
    """
    Delete all archives of a home; none is fine.

    Raises:
        StorageError: they cannot be deleted.
    """
    folder = Shelf(root).folder(user)
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be removed: {error.strerror}.") from None


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
