"""Subvolumes of btrfs, by the program ``btrfs``; all of it is for root."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from opendata_hub.errors import StorageError
from opendata_hub.storage import tree

_INODE = 256  # of the root of each subvolume, and of nothing else


def is_btrfs(path: Path) -> bool:
    """Whether a folder that exists is on btrfs."""
    command = ["stat", "--file-system", "--format=%T", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.strip() == "btrfs"


def is_one(path: Path) -> bool:
    """Whether a folder on btrfs is the root of a subvolume."""
    return path.stat().st_ino == _INODE


def create(path: Path) -> None:
    """
    Make an empty subvolume.

    Raises:
        StorageError: it cannot be made; the folder above is not on btrfs, or this is not root.
    """
    _btrfs("subvolume", "create", str(path))


def delete(path: Path) -> None:
    """
    Delete a subvolume, and those in it, which its user may have made: by number, deepest first.

    Raises:
        StorageError: it cannot be deleted.
    """
    for inner in nested(path):
        _btrfs("subvolume", "delete", "--subvolid", str(inner), str(path))
    _btrfs("subvolume", "delete", str(path))


def number(path: Path) -> int:
    """
    Return the number of a subvolume.

    Raises:
        StorageError: it is none.
    """
    with tree.opened(path) as folder:
        return tree.own_number(folder)


def nested(path: Path) -> list[int]:
    """
    Return the numbers of the subvolumes within one, deepest first.

    Raises:
        StorageError: that cannot be asked.
    """
    with tree.opened(path) as folder:
        return list(tree.below(folder, tree.own_number(folder)))


def snapshot(path: Path, place: Path) -> None:
    """
    Keep a subvolume as it is now, read-only, in a place on the same disk: all of it or nothing.

    Raises:
        StorageError: it cannot be kept.
    """
    _btrfs("subvolume", "snapshot", "-r", str(path), str(place))


def drop(snapshot: Path) -> None:
    """
    Delete a snapshot: no subvolume lies in one.

    Raises:
        StorageError: it cannot be deleted.
    """
    _btrfs("subvolume", "delete", str(snapshot))


def generation(path: Path) -> int:
    """
    Return the number of the last transaction that wrote to a subvolume; its snapshots have theirs.

    What was not flushed does not count yet.

    Raises:
        StorageError: this is no subvolume, or cannot be looked at.
    """
    with tree.opened(path) as folder:
        return tree.generation(folder)


def flush(path: Path) -> None:
    """
    Write all that is on its way to the disk of this folder.

    Raises:
        StorageError: that failed, or the folder is not on btrfs.
    """
    _btrfs("filesystem", "sync", str(path))


def forget_gone(path: Path) -> None:
    """Remove the quota groups of subvolumes that are gone: kernels before 6.10 keep them."""
    _run("qgroup", "clear-stale", str(path))


def count(path: Path) -> None:
    """
    Switch quotas on for the file system of this folder; btrfs counts what there is meanwhile.

    Raises:
        StorageError: that failed.
    """
    _btrfs("quota", "enable", str(path))


def _btrfs(*arguments: str) -> str:
    done = _run(*arguments)
    _require(done, arguments)
    return done.stdout


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(["btrfs", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise StorageError(
            "The program 'btrfs' is missing; install it: sudo apt-get install btrfs-progs"
        ) from None


def _require(done: "subprocess.CompletedProcess[str]", arguments: Sequence[str]) -> None:
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        way = "" if os.geteuid() == 0 else " Homes on btrfs take a hub that runs as root."
        raise StorageError(
            f"`btrfs {' '.join(arguments)}` failed: {said.removeprefix('ERROR: ')}.{way}"
        )
