"""Earlier states of homes, for their users to copy from: one interface, and where they lie."""

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from opendata_hub import homes
from opendata_hub.errors import StorageError
from opendata_hub.storage import mountpoint
from opendata_hub.storage.storage import Storage

FOLDER = ".snapshots"
"""Name of the folder with all states of all homes, beside homes in folders and subvolumes."""

_TIME = "%Y-%m-%dT%H-%MZ"


class Snapshots(Protocol):
    """
    States of homes by user and moment; a moment is a whole minute.

    All methods raise ``StorageError`` where a home cannot be read, or its states not be written,
    with the reason and what to do.
    """

    async def taken(self, user: str) -> list[datetime]:
        """List what there is of a home, oldest first."""
        ...

    async def take(self, user: str, now: datetime) -> bool:
        """
        Keep a home as it is now.

        Returns:
            bool: not where nothing has changed since the last time, or that was in this minute.
        """
        ...

    async def drop(self, user: str, moment: datetime) -> None:
        """Let one state go."""
        ...

    async def prepare(self) -> None:
        """Do once what is to be done before one or many homes are taken."""
        ...


class Shelf:
    """
    The folder with all states: one for each user, which holds nothing but whole states.

    Args:
        root: closed to others than its owner; the folders in it are what servers mount.
        suffix: of each state's name.
    """

    def __init__(self, root: Path, suffix: str = "") -> None:
        self.root, self.suffix = root, suffix

    def folder(self, user: str) -> Path:
        """Return where the states of a user's home are, or would be."""
        return self.root / homes.safe_name(user)

    def open(self) -> None:
        """
        Make the folder of all.

        Raises:
            StorageError: it cannot be made.
        """
        _make(self.root, 0o700)

    def make(self, user: str) -> Path:
        """
        Make the folder of a user's, for everyone to read.

        Raises:
            StorageError: it cannot be made.
        """
        self.open()
        _make(self.folder(user), 0o755)
        return self.folder(user)

    def place(self, user: str, moment: datetime) -> Path:
        """Return the path of one state."""
        return self.folder(user) / f"{moment.astimezone(timezone.utc):{_TIME}}{self.suffix}"

    def taken(self, user: str) -> list[datetime]:
        """List the states of a home, oldest first; what has another name is none."""
        with suppress(OSError):
            return sorted(self._moments(os.listdir(self.folder(user))))  # noqa: PTH208
        return []

    def _moments(self, names: Iterable[str]) -> Iterable[datetime]:
        for name in names:
            if name.endswith(self.suffix):
                with suppress(ValueError):
                    moment = datetime.strptime(name.removesuffix(self.suffix), _TIME)
                    yield moment.replace(tzinfo=timezone.utc)


def _make(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)  # whatever this process' mask is
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from None


async def mounts(storage: Storage, root: str, user: str) -> list[dict[str, Any]]:
    """
    Return the mount of a home's states in the home itself, as keywords of ``docker.types.Mount``.

    None where this process cannot see the home: nobody takes states of it then. None either where
    the user has something at that place, which the mount would hide, and where it cannot be made,
    as in a home that is full: its server starts all the same.

    Args:
        root: folder of the states; empty for none.
    """
    if not root:
        return []
    try:
        source = await asyncio.to_thread(_source, await storage.folder(user), Path(root), user)
    except StorageError:
        return []
    target = f"{homes.HOME}/{mountpoint.NAME}"
    mount = {"type": "bind", "source": str(source), "target": target, "read_only": True}
    return [mount] if source else []


def _source(home: Path, root: Path, user: str) -> Path | None:
    return Shelf(root).make(user) if mountpoint.make(home) else None
