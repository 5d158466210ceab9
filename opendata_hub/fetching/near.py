"""Files that need no network: those of another version, and those that somebody has brought."""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opendata_hub.fetching.listing import Piece


@dataclass(frozen=True)
class Brought:
    """
    A folder that somebody has brought, such as a disk: files by the last part of their names.

    Attributes:
        folder: searched as a whole; links in it are not followed.
    """

    folder: Path
    files: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for above, _, names in os.walk(self.folder):
            for name in names:
                self.files[name].append(Path(above, name))

    def candidates(self, piece: Piece) -> list[Path]:
        """Return what may be the file, the likelier ones first; its sum is to be looked at."""
        wanted = Path(piece.name)
        found = [path for path in self.files.get(wanted.name, ()) if _may_be(path, piece)]
        return sorted(found, key=lambda path: path.parts[-len(wanted.parts) :] != wanted.parts)

    def folders(self, pieces: Iterable[Piece]) -> list[Path]:
        """Return the folders below which files lie under their names, such as 2016/a.root."""
        found: dict[Path, None] = {}
        for piece in pieces:
            depth = piece.name.count("/")
            above = (path.parents[depth : depth + 1] for path in self.candidates(piece))
            found |= dict.fromkeys(folder for folders in above for folder in folders)
        return list(found)


@dataclass(frozen=True)
class Near:
    """
    Where a file may be already.

    Attributes:
        folders: on the dataset's own disk; what is in them is linked.
        brought: from elsewhere; what is in it is copied.
    """

    folders: Sequence[Path]
    brought: Brought | None = None

    def here(self, piece: Piece) -> Iterator[Path]:
        """Yield what may be the file on the dataset's own disk: its sum has to tell."""
        paths = (folder / piece.name for folder in self.folders if piece.has_sum)
        return (path for path in paths if _may_be(path, piece))

    def elsewhere(self, piece: Piece) -> Sequence[Path]:
        """Return what may be the file among what somebody has brought."""
        return self.brought.candidates(piece) if self.brought else ()


def _may_be(path: Path, piece: Piece) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and piece.size in (None, found.st_size)
