"""A disk that servers write to."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_FASTEST = 4 * 2**30  # bytes a second that servers may take together, with room for a surprise
_FASTEST_FILES = 200_000  # a second
_SOONEST, _LATEST = 0.1, 2.0  # seconds


class Left(NamedTuple):
    """
    What users can yet take.

    Attributes:
        bytes: of the disk.
        files: as many; None where the file system has no bound.
    """

    bytes: int
    files: int | None

    @property
    def lasts(self) -> float:
        """Seconds after which to look again: before all of that can be gone."""
        files = _LATEST if self.files is None else self.files / _FASTEST_FILES
        return max(_SOONEST, min(_LATEST, files, self.bytes / _FASTEST))


@dataclass(frozen=True)
class Disk:
    """
    A disk, by a folder on it.

    Attributes:
        layers: what servers write outside of homes goes here.
        homes: homes are here.
    """

    folder: Path
    layers: bool
    homes: bool

    @property
    def whole(self) -> Left:
        """What there may be, whoever has it."""
        status = os.statvfs(self.folder)
        return Left(status.f_blocks * status.f_frsize, status.f_files or None)

    def look(self) -> Left:
        """Return what is left now."""
        status = os.statvfs(self.folder)
        return Left(status.f_bavail * status.f_frsize, status.f_favail if status.f_files else None)


def disks(layers: Path, homes: Path | None) -> list[Disk]:
    """
    Return the disks, each once.

    Args:
        layers: where the engine keeps all that is its.
        homes: where homes are; None for with the engine.
    """
    if homes is None or homes.stat().st_dev == layers.stat().st_dev:
        return [Disk(layers, layers=True, homes=True)]
    return [Disk(layers, layers=True, homes=False), Disk(homes, layers=False, homes=True)]
