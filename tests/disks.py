"""Disks for tests: each a file of its own, mounted."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def btrfs_disk(folder: Path, size: str = "1G") -> Iterator[Path]:
    """
    Make a disk of btrfs in a folder, and mount it below; in the end it is unmounted and deleted.

    Args:
        size: as ``truncate`` takes it, 128M at least; the file takes what is written to it.
    """
    with _disk(folder, size, "mkfs.btrfs", "--quiet") as place:
        yield place


@contextmanager
def plain_disk(folder: Path, size: str) -> Iterator[Path]:
    """Make one of ext4, which has no quotas."""
    with _disk(folder, size, "mkfs.ext4", "-q") as place:
        yield place


@contextmanager
def _disk(folder: Path, size: str, *make: str) -> Iterator[Path]:
    file, place = folder / "disk.img", folder / "disk"
    place.mkdir()
    _run("truncate", "--size", size, str(file))
    _run(*make, str(file))
    _run("mount", "--options", "loop", str(file), str(place))
    try:
        yield place
    finally:
        _run("umount", "--lazy", str(place))  # a container that ends late is no fault of the test
        file.unlink()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
