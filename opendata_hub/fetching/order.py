"""One dataset that is to be had: what is here of it, and what it still needs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opendata_hub.fetching.listing import Listing, Piece
from opendata_hub.fetching.near import Near
from opendata_hub.fetching.place import Place, Version


@dataclass(frozen=True)
class Order:
    """
    A dataset, its place, and the list of its files.

    Attributes:
        listing: what is asked for.
        sizes: by file, what servers say where the list says nothing.
    """

    name: str
    place: Place
    listing: Listing
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether the current version is what is asked for, and whole as far as anybody knows."""
        current = self.place.current
        found = current.listing if current else None
        if current is None or found is None or found.digest != self.listing.digest:
            return False
        return not faults_of(current, found)

    @property
    def size(self) -> int:
        """Bytes of all files, as far as they are known."""
        return sum(map(self._expected, self.listing.files))

    def _expected(self, piece: Piece) -> int:
        return piece.size if piece.size is not None else self.sizes.get(piece.name, 0)

    def target(self, piece: Piece) -> Path:
        """Where a good file waits for the others."""
        return self.place.coming(self.listing.digest) / "files" / piece.name

    def part(self, piece: Piece) -> Path:
        """Where a file grows."""
        short = hashlib.sha256(piece.name.encode()).hexdigest()[:16]
        return self.place.coming(self.listing.digest) / "parts" / short

    def is_gathered(self, piece: Piece) -> bool:
        """Whether a good file waits: it was looked at before it was put there."""
        found = _size(self.target(piece))
        return found is not None and piece.size in (None, found)

    @property
    def gathered(self) -> int:
        """Bytes of the version on its way that are here."""
        return sum(map(self._has, self.listing.files))

    def _has(self, piece: Piece) -> int:
        return _size(self.target(piece)) or _size(self.part(piece)) or 0

    def need(self, near: Near) -> int:
        """Bytes that the disk must still take; a part of a file has taken its own already."""
        lacking = (piece for piece in self.listing.files if not any(near.here(piece)))
        return sum(max(0, self._expected(piece) - self._has(piece)) for piece in lacking)


def faults_of(version: Version, listing: Listing) -> list[str]:
    """Return files that are missing or of another size, and those that a look found damaged."""
    lost = [p.name for p in listing.files if _size(version.folder / p.name) != p.size]
    return list(dict.fromkeys([*lost, *version.faults]))


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None
