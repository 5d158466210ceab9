"""What the verbs of ``opendata-hub homes`` share: the homes of the hub, and places of homes."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.cli.images import options
from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.fields import nearest
from opendata_hub.machine import daemon
from opendata_hub.settings import Settings
from opendata_hub.settings.state import State
from opendata_hub.settings.storage import open_homes
from opendata_hub.storage import Home, Snapshots, Storage, Volumes, open_snapshots, open_storage
from opendata_hub.storage.snapshots import FOLDER

PLACES = "volume, folder:/PATH or btrfs:/PATH"

_NAMED = 3  # users in a sentence


@dataclass(frozen=True)
class House:
    """A hub, by its settings, with the engine that its servers are on, and where homes are."""

    settings: Settings
    engine: Engine
    storage: Storage

    @property
    def place(self) -> "Place":
        """Where homes are."""
        return Place(self.settings.homes.storage, self.settings.homes.path)

    def homes(self) -> list[Home]:
        """List them all."""
        return asyncio.run(self.storage.homes())

    def opened(self, other: "Place") -> Storage:
        """Return another storage, which homes were in or will be."""
        return open_storage(self.engine, other.kind, other.path, archives=self._archives)

    def snapshots(self, other: "Place", user: str) -> int:
        """Count the snapshots of a home in a storage."""
        return len(asyncio.run(self.earlier(other).taken(user)))

    def earlier(self, other: "Place") -> Snapshots:
        """Return what keeps the snapshots of a storage."""
        root = other.path / FOLDER if other.path else self._archives
        return open_snapshots(self.opened(other), root)

    @property
    def _archives(self) -> Path:
        return State(self.settings.folder).snapshots


@contextmanager
def house(config: Path | None) -> Iterator[House]:
    """
    Find the homes of the hub with these settings.

    Raises:
        OpenDataError: the settings have a fault, or the engine does not answer.
    """
    settings = options.settings_of(config)
    with closing(daemon.connect()) as client:
        engine = Engine(client.api)
        yield House(settings, engine, open_homes(engine, settings))


@dataclass(frozen=True)
class Place:
    """A storage and its folder, as people write it: ``volume``, ``btrfs:/srv/homes``."""

    kind: str
    path: Path | None

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}" if self.path else self.kind

    @property
    def words(self) -> str:
        """For a sentence."""
        return str(self) if self.path else "Docker volumes"


def place(text: str) -> Place:
    """
    Read a place.

    Raises:
        StorageError: it is none.
    """
    kind, _, path = text.partition(":")
    if kind not in ("volume", "folder", "btrfs") or bool(path) == (kind == Volumes.kind):
        raise StorageError(f"{text!r} is no place for homes; write {PLACES}.")
    return Place(kind, Path(path).expanduser().absolute() if path else None)


def of_users(homes: Sequence[Home], users: Sequence[str]) -> list[Home]:
    """
    Return the homes of these users.

    Raises:
        StorageError: one has none.
    """
    known = {home.user: home for home in homes}
    for user in users:
        if user not in known:
            raise StorageError(
                f"There is no home of '{user}'.{nearest(user, known)} All that there are: "
                "opendata-hub homes list"
            )
    return [known[user] for user in dict.fromkeys(users)]


def names(users: Sequence[str]) -> str:
    """Name some users: the first few, and how many more."""
    more = len(users) - _NAMED
    shown = ", ".join(users[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
