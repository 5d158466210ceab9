"""Empty folders in a home, such as ``snapshots``: what lies elsewhere is mounted over them."""

import os
from contextlib import suppress
from pathlib import Path

NAME = "snapshots"
CLASSES = "class"
"""Folder with one for each class."""

OURS = frozenset((NAME, CLASSES))
"""What may be in a home before its owner has had it."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(home: Path, *path: str) -> bool:
    """
    Make one, and hand it to the home's owner; ``snapshots`` unless a path is given.

    The engine would make it too, but for root, and would refuse the server of a full home.

    Returns:
        bool: whether it is there; not where the user has something else of this name, and not where
            nothing can be made any more.
    """
    try:
        top = os.open(home, _FOLDER)
    except OSError:
        return False
    try:
        return _make(top, path or (NAME,))
    except OSError:
        return False
    finally:
        os.close(top)


def is_empty(home: Path) -> bool:
    """Whether ``snapshots`` is there, and nothing is in it."""
    try:
        return not os.listdir(home / NAME) and not (home / NAME).is_symlink()  # noqa: PTH208
    except OSError:
        return False


def _make(top: int, path: tuple[str, ...]) -> bool:
    """Go down by number: users may change names meanwhile."""
    name, *rest = path
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=top)
    place = os.open(name, _FOLDER, dir_fd=top)
    try:
        owner, there = os.fstat(top), os.fstat(place)
        if (there.st_uid, there.st_gid) != (owner.st_uid, owner.st_gid):
            with suppress(OSError):  # a full home keeps root's: it is empty and in nobody's way
                os.chown(place, owner.st_uid, owner.st_gid)
        return _make(place, tuple(rest)) if rest else not os.listdir(place)  # noqa: PTH208
    finally:
        os.close(place)
