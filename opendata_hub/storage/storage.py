"""What homes are kept in: one interface, whatever is behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Home:
    """
    One user's files.

    Attributes:
        user: whose they are, as the hub names them.
        place: what holds them, for people to read: the name of a volume, or a path.
        deleted: when the hub deleted its user; None while there is one.
    """

    user: str
    place: str
    deleted: datetime | None = None


@dataclass(frozen=True)
class Space:
    """
    How full a home is.

    Attributes:
        used: bytes.
        quota: the most bytes that there may be; None without a limit.
    """

    used: int
    quota: int | None = None


class Storage(Protocol):
    """
    The homes of a hub's users.

    All methods raise ``StorageError`` where the storage does not do what is asked, with the reason
    and what to do, and ``EngineError`` where the engine does not.
    """

    kind: str
    """As hub.yaml names it."""

    async def has(self, user: str) -> bool:
        """Whether this user has a home, furnished or not."""
        ...

    async def make(self, user: str) -> None:
        """Make an empty home, which its user cannot write to before it is furnished."""
        ...

    async def furnish(self, user: str, container: str, files: Mapping[str, bytes]) -> None:
        """
        Hand a new home to its user, with these files.

        Args:
            container: one that mounts it and has never run.
            files: path in the home -> content.
        """
        ...

    def mount(self, user: str) -> dict[str, Any]:
        """Return the mount of a home at its place, as keywords of ``docker.types.Mount``."""
        ...

    async def folder(self, user: str) -> Path:
        """Return the folder of this machine that holds the files, for those who may read it."""
        ...

    async def homes(self) -> list[Home]:
        """List all homes, by user; those of deleted users, too."""
        ...

    async def mark(self, user: str, deleted: datetime | None) -> None:
        """Write down when the user of a home was deleted; None takes the mark off."""
        ...

    async def remove(self, user: str) -> None:
        """Remove a home, its mark and its snapshots for good; none is fine."""
        ...

    async def space(self, user: str) -> Space:
        """Measure a home: at once where there are quotas, else its files are counted."""
        ...

    async def limit(self, user: str, quota: int | None) -> None:
        """Set a home's quota in bytes, now; None for no limit."""
        ...
