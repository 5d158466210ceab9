"""What a backup holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from opendata_hub import homes, places
from opendata_hub.errors import BackupError
from opendata_hub.fields import Model

STATE = ".hub"
"""Name of the hub's state in a tree, wherever the hub has it."""

DATABASE = "jupyterhub.sqlite"
"""Name of the database in the state."""

HUB, OUTSIDE, HOMES = "hub", "outside", "homes"
"""Folders of a tree: what is in the hub's folder, what hub.yaml names elsewhere, the homes."""

_PASSING = ("proxy.pid", "snapshots", "backup.lock", "caddy/locks", "caddy/problem")
_OF_DATABASE = tuple(f"{DATABASE}-{part}" for part in ("journal", "wal", "shm"))


@dataclass(frozen=True)
class Hub:
    """
    A hub, as far as a backup goes.

    Attributes:
        folder: where hub.yaml is, or would be.
        config: the name of hub.yaml; empty where there is none.
        files: files and folders that are its own, but for those of :data:`STATE`; absolute.
        datasets: paths by name; they are not saved, but named at a restore.
        images: references; they are not saved either.
        port: where it listens for its servers: one that runs is known by that.
    """

    folder: Path
    config: str
    files: Sequence[Path]
    datasets: Mapping[str, str]
    images: Sequence[str]
    port: int

    @property
    def state(self) -> Path:
        """The folder with the database and the secrets."""
        return places.state(self.folder)

    def sources(self) -> dict[str, Path]:
        """Return what to save, by its path in the tree; what is not there is left out."""
        found = [path for path in (*self.files, self.state) if path.exists()]
        return {self._name(path): path for path in _outermost(found)}

    def _name(self, path: Path) -> str:
        if path == self.state:
            return f"{HUB}/{STATE}"
        if path.is_relative_to(self.folder):
            return f"{HUB}/{path.relative_to(self.folder)}"
        return f"{OUTSIDE}/{path.relative_to('/')}"


class SavedHome(Model):
    """A home in a backup."""

    user: str
    deleted: datetime | None = Field(None, description="When its user was deleted.")
    files: int
    size: int = Field(description="Bytes of its files.")

    @property
    def part(self) -> str:
        """Its folder in the tree."""
        return part_of(self.user)


class Index(Model):
    """The file of a tree that says what is in it."""

    version: Literal[1] = 1
    host: str
    software: dict[str, str] = Field(description="Versions by name.")
    folder: str
    config: str
    port: int
    storage: str
    path: str = Field("", description="Of the storage; empty where it has none.")
    identity: str = Field("", description="By which the hub knows that path.")
    homes: tuple[SavedHome, ...]
    has_outside: bool = False
    datasets: dict[str, str]
    images: tuple[str, ...]

    def home(self, user: str) -> SavedHome | None:
        """Find a home."""
        return next((home for home in self.homes if home.user == user), None)


def parse(content: bytes, where: str) -> Index:
    """
    Read the index of a backup.

    Raises:
        BackupError: it is damaged, or of a newer version of this program.
    """
    try:
        return Index.model_validate_json(content)
    except ValidationError as error:
        raise BackupError(
            f"The index of {where} cannot be read: {error.errors()[0]['msg']}; it is damaged, or a "
            "newer opendata-hub made it."
        ) from None


def part_of(user: str) -> str:
    """Return the folder of a user's home in a tree."""
    return f"{HOMES}/{homes.safe_name(user)}"


def hidden() -> list[str]:
    """Return the paths of a tree that are not saved: what is of no use in another run of a hub."""
    return [f"{HUB}/{STATE}/{name}" for name in (*_PASSING, *_OF_DATABASE)]


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Leave out those that lie in another one."""
    every = set(paths)
    return [path for path in dict.fromkeys(paths) if every.isdisjoint(path.parents)]
