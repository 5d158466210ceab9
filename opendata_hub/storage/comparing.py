"""Whether a home and its copy are alike: byte by byte, and in all that is known of each file."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import zip_longest
from pathlib import Path

from opendata_hub.storage.walking import Entry, walk

Tell = Callable[[int], None]
"""Takes how many bytes more are done."""

_CHUNK = 2**20
_TIME = "its time"
_KEPT = ("user.", "system.posix_acl")
"""Extended attributes that are a user's own; others are of a file system, or of this machine."""


def difference(home: Path, copy: Path, tell: Tell) -> str | None:
    """
    Return the first thing in which a copy differs from a home, in words; None where in none.

    Compared are names, kinds, modes, owners, sizes, contents, times to the nanosecond, symlinks,
    hard links and what users have attached to files. The copy is read from its disk, not from
    memory, as far as it is written there.

    Raises:
        OSError: something cannot be read.
    """
    first: tuple[_Links, _Links] = ({}, {})
    of_folder = None  # its time changes with what is in it, which says more
    with closing(walk(home)) as ones, closing(walk(copy)) as others:
        for one, other in zip_longest(ones, others):
            if one is None or other is None or one.path != other.path:
                return _only_in_one(one, other)
            if aspect := _aspect(one, other, first, tell):
                if one.kind != stat.S_IFDIR or aspect != _TIME:
                    return f"{one.path}: {aspect}"
                of_folder = of_folder or f"{one.path}: {aspect}"
    return of_folder


_Links = dict[tuple[int, int], str]
"""The first name of each file that has several."""


def _only_in_one(one: Entry | None, other: Entry | None) -> str:
    if one and (not other or one.path.split("/") < other.path.split("/")):
        return f"{one.path}: not in the copy"
    return f"{other.path if other else one}: only in the copy"


def _aspect(one: Entry, other: Entry, first: tuple[_Links, _Links], tell: Tell) -> str | None:
    facts = zip(_facts(one, first[0]), _facts(other, first[1]), strict=True)
    for (aspect, fact), (_, same) in facts:
        if fact != same:
            return aspect
    if one.kind in (stat.S_IFREG, stat.S_IFDIR):
        with _opened(one) as mine, _opened(other) as theirs:
            if _attached(mine) != _attached(theirs):
                return "what is attached to it"
            if one.kind == stat.S_IFREG and not _same_content(mine, theirs, tell):
                return "its content"
    return None


def _facts(entry: Entry, first: _Links) -> Iterator[tuple[str, object]]:
    status = entry.status
    yield "its kind or mode", status.st_mode
    yield "its owner", (status.st_uid, status.st_gid)
    yield _TIME, status.st_mtime_ns
    if entry.kind in (stat.S_IFREG, stat.S_IFLNK):
        yield "its size", status.st_size
    yield "where it leads", entry.link() if entry.kind == stat.S_IFLNK else ""
    yield "which device it is", status.st_rdev
    if entry.kind != stat.S_IFDIR and status.st_nlink > 1:
        yield "its hard links", first.setdefault((status.st_dev, status.st_ino), entry.path)
    else:
        yield "its hard links", entry.path


@contextmanager
def _opened(entry: Entry) -> Iterator[int]:
    number = entry.open()
    try:
        yield number
    finally:
        os.close(number)


def _attached(number: int) -> dict[str, bytes]:
    try:
        names = [name for name in os.listxattr(number) if name.startswith(_KEPT)]
    except OSError:  # the file system has none
        return {}
    return {name: os.getxattr(number, name) for name in names}


def _same_content(one: int, other: int, tell: Tell) -> bool:
    with suppress(OSError):
        os.posix_fadvise(other, 0, 0, os.POSIX_FADV_DONTNEED)
    while True:
        mine, theirs = os.read(one, _CHUNK), os.read(other, _CHUNK)
        if mine != theirs:
            return False
        if not mine:
            return True
        tell(len(mine))
