"""What one server takes on a disk."""

import asyncio
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from opendata_hub.guard.disk import Disk
from opendata_hub.guard.mounts import volumes
from opendata_hub.guard.place import Place, family
from opendata_hub.homes import HOME

_PATIENCE = 30.0  # seconds for a count; who has more files than that is not weighed


async def weigh(place: Place, disk: Disk, *, files: bool) -> int | None:
    """
    Count what a server takes on a disk: bytes, of which holes in files are none, or files.

    Returns:
        int: None where it cannot be counted, or takes too long.
    """
    unnamed = 0 if files else await asyncio.to_thread(_unnamed, place, disk)
    folders = await asyncio.to_thread(_folders, place, disk)
    weight = await _count(folders, files) if folders else 0
    return None if weight is None else weight + unnamed


def _folders(place: Place, disk: Disk) -> list[Path]:
    """Return all that it writes to there; some are the same, seen from two sides."""
    known = (place.layer if disk.layers else None, place.home if disk.homes else None)
    return [*filter(None, known), *volumes(place.process, disk.folder)]


async def _count(folders: list[Path], files: bool) -> int | None:
    """Count what is in folders, each file once."""
    unit = "--inodes" if files else "--block-size=1"
    process = await asyncio.create_subprocess_exec(
        "du", "--dereference-args", "--summarize", "--total", "--one-file-system", unit,
        *map(str, folders), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
    except asyncio.TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
    count = (said.splitlines() or [b""])[-1].partition(b"\t")[0]
    return int(count) if count.isdigit() else None  # what vanishes meanwhile makes it complain


def _unnamed(place: Place, disk: Disk) -> int:
    """Bytes of files without a name that a server's processes have open, or in their memory."""
    root = Path(f"/proc/{place.process}/root")
    mine = [root] if disk.layers else []
    mine += [root.joinpath(HOME.lstrip("/"))] if disk.homes else []
    devices = set()
    for folder in (*mine, *volumes(place.process, disk.folder)):
        with suppress(OSError):  # it has ended
            devices.add(folder.stat().st_dev)
    found = {
        (status.st_dev, status.st_ino): status.st_blocks * 512
        for process in family(place.process)
        for status in _held(process)
        if not status.st_nlink and stat.S_ISREG(status.st_mode) and status.st_dev in devices
    }
    return sum(found.values())


def _held(process: Path) -> Iterator[os.stat_result]:
    """Yield what a process has open, and what it has in its memory that was deleted."""
    for kind in ("fd", "map_files"):
        with suppress(OSError), os.scandir(process / kind) as entries:
            for entry in entries:
                with suppress(OSError):
                    if kind == "fd" or Path(entry.path).readlink().name.endswith("(deleted)"):
                        yield entry.stat()
