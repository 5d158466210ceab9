"""The homes as they are read: on btrfs each from a snapshot, else as they are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opendata_hub import homes
from opendata_hub.backup import walks
from opendata_hub.backup.walks import Count
from opendata_hub.errors import BackupError, StorageError
from opendata_hub.storage import Btrfs, Home, Storage, subvolumes
from opendata_hub.storage.records import FOLDER

_FROZEN = "backup"


@dataclass(frozen=True)
class Source:
    """
    A home, and where it is read.

    Attributes:
        is_frozen: whether nobody can change what is read.
    """

    home: Home
    folder: Path
    count: Count
    is_frozen: bool


async def live(storage: Storage) -> list[tuple[Home, Path]]:
    """
    Find the folders of all homes; those that somebody removes meanwhile are left out.

    Raises:
        StorageError, EngineError: they cannot be listed or read.
    """
    found = []
    for home in await storage.homes():
        try:
            found.append((home, await storage.folder(home.user)))
        except StorageError:
            if await storage.has(home.user):
                raise
    return found


@contextmanager
def reading(storage: Storage, found: Sequence[tuple[Home, Path]]) -> Iterator[list[Source]]:
    """
    Freeze what can be frozen, and count it all; what a killed run has left frozen goes first.

    Raises:
        BackupError: a snapshot cannot be made.
    """
    if not isinstance(storage, Btrfs):
        yield [Source(home, folder, walks.count(folder), False) for home, folder in found]
        return
    place = storage.path / FOLDER / _FROZEN
    try:
        _thaw(place)
        place.mkdir(mode=0o700, parents=True)
        yield [_frozen(home, folder, place / homes.safe_name(home.user)) for home, folder in found]
    except StorageError as error:
        raise BackupError(str(error)) from None
    finally:
        _thaw(place)


def _frozen(home: Home, folder: Path, snapshot: Path) -> Source:
    subvolumes.snapshot(folder, snapshot)
    count = walks.count(snapshot)
    if count.has_holes:  # subvolumes that the user made: no snapshot has what is in them
        return Source(home, folder, walks.count(folder), False)
    return Source(home, snapshot, count, True)


def _thaw(place: Path) -> None:
    if not place.is_dir():
        return
    for snapshot in place.iterdir():
        subvolumes.drop(snapshot)
    place.rmdir()
    subvolumes.forget_gone(place.parent)
