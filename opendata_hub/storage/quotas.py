"""
Quotas of homes on btrfs, whose users may make subvolumes in them.

The group of btrfs that counts a home counts nothing of those. So they are closed, nothing more is
written to them, and what they hold is taken off what the home itself may hold: together that is
never more than the quota, and in a home that is full no subvolume can be made.

A group above the groups of a home and of what is in it would be simpler, and wrong: any snapshot of
a subvolume below such a group makes btrfs stop counting, on the whole disk.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from opendata_hub.storage import subvolumes, tree

_CLOSED = 1  # byte; less than an empty subvolume holds


class Usage(NamedTuple):
    """
    What a home holds.

    Attributes:
        used: bytes, with all subvolumes in it.
        quota: the most there may be; None without one.
        inner: how many subvolumes it has in it.
    """

    used: int
    quota: int | None
    inner: int


def are_on(path: Path) -> bool:
    """
    Whether a file system counts what subvolumes hold.

    Raises:
        StorageError: that cannot be asked.
    """
    with tree.opened(path) as folder:
        return tree.counted(folder, 0) is not None


def usage(home: Path) -> Usage | None:
    """
    Return what a home holds; None where quotas are not switched on.

    Raises:
        StorageError: that cannot be asked.
    """
    with tree.opened(home) as folder:
        own = tree.own_number(folder)
        used = tree.counted(folder, own)
        if used is None:
            return None
        inner = list(tree.below(folder, own))
        used += sum(tree.counted(folder, number) or 0 for number in inner)
        return Usage(used, _quota(folder, own), len(inner))


def _quota(folder: int, home: int) -> int | None:
    _, quota = tree.limits(folder, home)  # of the two it is the one that is never lowered
    return quota


def limit(home: Path, quota: int | None) -> int:
    """
    Set a home's quota, and close the subvolumes in it; switch quotas on where they are not.

    Args:
        quota: bytes; None for no limit, and nothing is closed.

    Returns:
        int: how many subvolumes are closed now that were not.

    Raises:
        StorageError: it cannot be set, such as on a full disk.
    """
    if not are_on(home):
        if quota is None:
            return 0
        subvolumes.count(home)
    own, inner = subvolumes.number(home), subvolumes.nested(home)
    with tree.opened(home.parent) as folder:  # in a home that is full no limit can be set
        closed = _close(folder, inner, quota is not None)
        if inner:
            subvolumes.flush(home)  # what is on its way to the disk is not counted yet
        held = sum(tree.counted(folder, number) or 0 for number in inner)
        _set(folder, own, None if quota is None else max(_CLOSED, quota - held), quota)
    return closed


def _close(folder: int, inner: list[int], closed: bool) -> int:
    count = 0
    for number in inner:
        with suppress(FileNotFoundError):  # its user has deleted it meanwhile
            count += _set(folder, number, _CLOSED if closed else None, None)
    return count if closed else 0


def _set(folder: int, number: int, whole: int | None, alone: int | None) -> bool:
    """Set both limits if they are others, and tell so."""
    if tree.limits(folder, number) == (whole, alone):
        return False
    tree.limit(folder, number, whole, alone)
    return True
