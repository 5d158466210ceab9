"""Disks of btrfs for tests: each a file of its own, mounted."""

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
    file, place = folder / "disk.img", folder / "disk"
    place.mkdir()
    _run("truncate", "--size", size, str(file))
    _run("mkfs.btrfs", "--quiet", str(file))
    _run("mount", "--options", "loop", str(file), str(place))
    try:
        yield place
    finally:
        _run("umount", "--lazy", str(place))  # a container that ends late is no fault of the test
        file.unlink()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
