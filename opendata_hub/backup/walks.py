"""What lies in a folder, without opening any file."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_HIDDEN_SUBVOLUME = 2  # inode of what a snapshot of btrfs shows in the place of a subvolume


class Entry(NamedTuple):
    """A file, a folder or whatever has a name."""

    path: bytes
    status: os.stat_result

    @property
    def is_file(self) -> bool:
        """Whether it has content."""
        return stat.S_ISREG(self.status.st_mode)


@dataclass(frozen=True)
class Count:
    """
    How much is in a home.

    Attributes:
        size: bytes of the files' content, holes counted.
        has_holes: whether it is a snapshot without the subvolumes that were in the home.
    """

    files: int
    size: int
    has_holes: bool = False


def entries(folder: bytes, strict: bool = False) -> Iterator[Entry]:
    """
    Yield all that is below a folder; what vanishes meanwhile is left out.

    Args:
        strict: whether a folder that cannot be read is an error; else that is left out, too.

    Raises:
        OSError: only where it is strict.
    """
    waiting = [folder]
    while waiting:
        with suppress(FileNotFoundError, *([] if strict else [OSError])):
            for entry in _listed(waiting.pop()):
                yield entry
                if stat.S_ISDIR(entry.status.st_mode):
                    waiting.append(entry.path)


def _listed(folder: bytes) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        for entry in found:
            with suppress(FileNotFoundError):
                yield Entry(entry.path, entry.stat(follow_symlinks=False))


def count(folder: Path) -> Count:
    """Count the files of a folder and their bytes."""
    files = size = 0
    has_holes = False
    for entry in entries(os.fsencode(folder)):
        files += entry.is_file
        size += entry.status.st_size if entry.is_file else 0
        has_holes |= entry.status.st_ino == _HIDDEN_SUBVOLUME
    return Count(files, size, has_holes)


def changed(folder: Path, since: float) -> list[str]:
    """Return the files, as paths in the folder, that were changed after a moment (Unix time)."""
    top = os.fsencode(folder)
    return sorted(
        os.fsdecode(os.path.relpath(entry.path, top))
        for entry in entries(top)
        if entry.is_file and entry.status.st_ctime > since
    )
