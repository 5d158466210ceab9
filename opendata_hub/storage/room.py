"""How much more fits: into a home by its quota, and on the disk that it is on."""

import asyncio
import shutil
from pathlib import Path
from typing import NamedTuple

from opendata_hub.storage.storage import Space

_FEW = 16 * 2**20  # bytes; what a server and its kernels write at a start, ten times over


class Room(NamedTuple):
    """
    What is filling up: a quota, or a disk.

    Attributes:
        left: bytes that can yet be written.
        whole: bytes there are, or may be.
    """

    left: int
    whole: int

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return 1 - self.left / self.whole if self.whole else 1.0

    @property
    def is_full(self) -> bool:
        """Whether so little is left that a server cannot live with it."""
        return self.left < min(_FEW, self.whole // 50)


def of_quota(space: Space) -> Room | None:
    """Return what a home's quota leaves; None without one."""
    if space.quota is None:
        return None
    return Room(max(0, space.quota - space.used), space.quota)


def of_disk(folder: Path) -> Room:
    """Return what the disk of a folder leaves to users, who get nothing of what root has kept."""
    usage = shutil.disk_usage(folder)
    return Room(usage.free, usage.used + usage.free)


async def settle(folder: Path) -> None:
    """Have the disk of a folder write all down: only then a quota has counted what was deleted."""
    process = await asyncio.create_subprocess_exec("sync", "--file-system", str(folder))
    await process.wait()
