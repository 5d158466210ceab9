"""How much lies in a folder."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard

from opendata_hub.storage.storage import Space


def is_open(folder: Path | None) -> TypeGuard[Path]:
    """Whether this process may list the folder."""
    return folder is not None and os.access(folder, os.R_OK | os.X_OK)


async def space(folder: Path) -> Space:
    """Count the bytes that files take on the disk; what vanishes meanwhile counts for nothing."""
    return Space(await asyncio.to_thread(_used, folder))


def _used(folder: Path) -> int:
    seen: set[tuple[int, int]] = set()  # a file with two names is there once
    total = 0
    for status in _statuses(folder):
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            total += status.st_blocks * 512
    return total


def _statuses(folder: Path) -> Iterator[os.stat_result]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                yield from _statuses(Path(entry.path))
