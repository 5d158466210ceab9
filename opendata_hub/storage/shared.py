"""
The folder of a class, which its instructors write to and its students read.

It is kept as homes are, under a name that no user can have: so backups, moves, quotas and snapshots
hold for it, too. In the homes of those who see it there is an empty folder in its place.
"""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from opendata_hub import homes
from opendata_hub.engine import Engine, archive
from opendata_hub.errors import StorageError
from opendata_hub.storage import mountpoint
from opendata_hub.storage.storage import Storage

_PREFIX = "class/"  # no name of a user has a slash


def owner(group: str) -> str:
    """Return whom the folder of a class belongs to, in the terms of a storage."""
    return f"{_PREFIX}{group}"


def group_of(user: str) -> str | None:
    """Return the class whose folder this is; None for a user's home."""
    return user.removeprefix(_PREFIX) if user.startswith(_PREFIX) else None


async def mount(storage: Storage, group: str, user: str, read_only: bool) -> dict[str, Any] | None:
    """
    Return the mount of a class's folder in a home, as keywords of ``docker.types.Mount``.

    None where the user has something else in its place, which the mount would hide; and where that
    place cannot be made, as in a home that is full: the server starts all the same.
    """
    try:
        home = await storage.folder(user)
    except StorageError:
        pass  # of another machine, or closed to this process: the engine makes the place
    else:
        if not await asyncio.to_thread(mountpoint.make, home, mountpoint.CLASSES, group):
            return None
    target = f"{homes.HOME}/{mountpoint.CLASSES}/{group}"
    return {**storage.mount(owner(group)), "target": target, "read_only": read_only}


async def hand_over(
    engine: Engine, storage: Storage, groups: Iterable[str], container: str
) -> None:
    """
    Let instructors write into the folders of their classes.

    Args:
        container: with those folders in their places; it must not have been started.

    Raises:
        EngineError: what the engine said.
    """
    for group in groups:
        try:
            folder = await storage.folder(owner(group))
        except StorageError:
            folder = None
        if folder is None or not await asyncio.to_thread(_is_handed_over, folder):
            top = f"{homes.HOME}/{mountpoint.CLASSES}"
            await engine.put(container, top, archive({}, homes.UID, homes.GID, folder=group))


def _is_handed_over(folder: Path) -> bool:
    """Do it here, where that is quick; not with an engine that maps users."""
    if os.geteuid() == 0 and folder.stat().st_uid == 0:
        os.chown(folder, homes.UID, homes.GID)
    return folder.stat().st_uid == homes.UID
