"""Subvolumes of btrfs and their quotas, by the program ``btrfs``; all of it is for root."""

import fcntl
import os
import re
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from opendata_hub.errors import StorageError

_INODE = 256  # of the root of each subvolume, and of nothing else
_INFO = 0x81F8943C  # BTRFS_IOC_GET_SUBVOL_INFO
_LISTED = re.compile(r"ID (\d+) gen \d+ top level (\d+) path .*")


class Usage(NamedTuple):
    """What the quota of a subvolume counts, in bytes."""

    used: int
    limit: int | None


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
    for number in nested(path):
        _btrfs("subvolume", "delete", "--subvolid", number, str(path.parent))
    _btrfs("subvolume", "delete", str(path))


def nested(path: Path) -> list[str]:
    """
    Return the numbers of the subvolumes within one, deepest first.

    Raises:
        StorageError: that cannot be asked.
    """
    own = _btrfs("inspect-internal", "rootid", str(path)).strip()
    listed = _btrfs("subvolume", "list", str(path)).splitlines()
    found = [match.groups() for line in listed if (match := _LISTED.fullmatch(line))]

    def below(parent: str) -> Iterator[str]:
        for number, above in found:
            if above == parent:
                yield from below(number)
                yield number

    return list(below(own))


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
        OSError: this is no subvolume, or cannot be looked at.
    """
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found: int = struct.unpack_from("=Q", fcntl.ioctl(number, _INFO, bytes(504)), 280)[0]
    finally:
        os.close(number)
    return found


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


def usage(path: Path) -> Usage | None:
    """
    Return how full a subvolume is; None where quotas are not switched on.

    Raises:
        StorageError: that cannot be asked.
    """
    command = ("qgroup", "show", "--raw", "-r", "-f", str(path))
    done = _run(*command)
    if "quotas not enabled" in done.stderr:
        return None
    _require(done, command)
    _, used, _, limit = done.stdout.splitlines()[-1].split()[:4]
    return Usage(int(used), None if limit == "none" else int(limit))


def limit(quota: int | None, *paths: Path) -> None:
    """
    Set how many bytes each of these subvolumes of a file system may hold; None for all there are.

    Quotas are switched on where they are needed, and are not.

    Raises:
        StorageError: it cannot be set.
    """
    if not paths:
        return
    if not usage(paths[0]):
        if quota is None:
            return
        _btrfs("quota", "enable", str(paths[0]))
    for path in paths:
        _btrfs("qgroup", "limit", str(quota or "none"), str(path))


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
