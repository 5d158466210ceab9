"""One user's home, as a server's start and a user's end see it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from logging import Logger
from pathlib import Path

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError, StorageError
from opendata_hub.storage import Storage, Volumes, open_storage


@dataclass
class Progress:
    """
    How far a home is; the hub keeps it with its server.

    Attributes:
        is_new: it is empty and its user's not yet.
        is_known: its user has started a server since the hub has known them.
    """

    is_new: bool = False
    is_known: bool = False


async def have(
    storage: Storage,
    former: Sequence[Storage],
    user: str,
    progress: Progress,
    remember: Callable[[], None],
) -> None:
    """
    Have a user's home.

    Args:
        former: where homes may still be.
        progress: kept up to date.
        remember: keeps it for a hub that is killed.

    Raises:
        StorageError: it cannot be had, or is elsewhere; no empty one takes its place.
    """
    if not await storage.has(user):
        await _require_nowhere(former, user, storage)
        # Known before it exists: if the hub is killed now, the next start still hands the
        # empty home, which belongs to root, to its owner.
        progress.is_new = True
        remember()
        await storage.make(user)


async def welcome_back(storage: Storage, user: str, progress: Progress, log: Logger) -> None:
    """
    Take off the mark of a home that was kept for a deleted user: it is theirs again.

    Where that fails, as on a disk that is full, the next start does it.
    """
    try:
        if not progress.is_known:
            await storage.mark(user, None)
            progress.is_known = True
    except StorageError as error:
        log.warning("The home of %s may still be marked as a deleted user's: %s", user, error)


async def _require_nowhere(former: Sequence[Storage], user: str, now: Storage) -> None:
    for storage in former:
        if await storage.has(user):
            raise StorageError(
                f"The files of {user} are still in the {storage.kind} "
                f"{storage.mount(user)['source']}. To carry all homes, write that storage back "
                f"into hub.yaml, and run: opendata-hub homes move --to {_words(now, user)}"
            )


def _words(storage: Storage, user: str) -> str:
    """Name a storage as the command line does."""
    if storage.kind == Volumes.kind:
        return storage.kind
    return f"{storage.kind}:{Path(storage.mount(user)['source']).parent}"


async def keep(storage: Storage, user: str, progress: Progress, log: Logger) -> None:
    """
    Mark a deleted user's home, if there is one; one that never was theirs goes.

    What goes wrong is logged: the user goes anyhow.
    """
    try:
        if not await storage.has(user):
            return
        if progress.is_new:
            await storage.remove(user)
        else:
            await storage.mark(user, datetime.now(timezone.utc))
    except (EngineError, StorageError) as error:
        log.error("The home of %s, who was deleted, is kept, and not marked: %s", user, error)


def former(engine: Engine, now: str, places: Iterable[tuple[str, str]]) -> list[Storage]:
    """
    Return the storages that homes may still be in.

    Args:
        now: kind of today's; Docker volumes are a former one of all others.
        places: kind and path of each that is known.
    """
    volumes = () if now == Volumes.kind else ((Volumes.kind, ""),)
    return [open_storage(engine, *place) for place in dict.fromkeys((*volumes, *places))]
