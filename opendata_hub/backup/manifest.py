"""The sum of each file of a run, in a text that ``sha256sum --check`` reads, too."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from opendata_hub.backup import walks
from opendata_hub.errors import BackupError

Sums = Mapping[bytes, str]
"""SHA-256 by path, relative to the folder that they are of."""

Seen = Callable[[int], None]
"""Takes the bytes that were read since it was called last."""

_PIECE = 2**20


def sums(folder: Path, known: Sums, same: Callable[[bytes], bool], seen: Seen) -> dict[bytes, str]:
    """
    Sum up every file in a folder.

    Args:
        known: sums of an earlier state.
        same: tells of a path whether the file is the one that ``known`` is of; it is not read.

    Raises:
        OSError: a file or a folder cannot be read.
    """
    top = os.fsencode(folder)
    made: dict[bytes, str] = {}
    by_inode: dict[tuple[int, int], str] = {}  # a file with two names is read once
    for entry in walks.entries(top, strict=True):
        if not entry.is_file:
            continue
        path = entry.path[len(top) + 1 :]
        inode = entry.status.st_dev, entry.status.st_ino
        if path in known and same(path):
            by_inode[inode] = known[path]
        if inode not in by_inode:
            by_inode[inode] = sum_of(entry.path, seen)
        made[path] = by_inode[inode]
    return made


def sum_of(path: bytes, seen: Seen = lambda read: None) -> str:
    """
    Read a file from the disk, not from what the system remembers of it, and sum it up.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := os.read(file, _PIECE):
            digest.update(piece)
            seen(len(piece))
    finally:
        os.close(file)
    return digest.hexdigest()


def write(file: Path, made: Sums) -> None:
    """Write a manifest, and see it on the disk."""
    with file.open("wb") as stream:
        for path in sorted(made):
            escaped = _escaped(path)
            stream.write(b"\\" * (escaped != path) + made[path].encode() + b"  " + escaped + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read(file: Path) -> dict[bytes, str]:
    """
    Read a manifest.

    Raises:
        BackupError: there is none, or it is damaged.
    """
    try:
        *lines, rest = file.read_bytes().split(b"\n")
        if rest:
            raise ValueError("its end is missing")
        return dict(map(_entry, lines))
    except (OSError, ValueError) as error:
        raise BackupError(
            f"{file} is damaged ({error}); what it belongs to cannot be trusted."
        ) from None


def faults(folder: Path, wanted: Sums, seen: Seen = lambda read: None) -> list[str]:
    """Return the paths of files that are not as a manifest says, that are missing or too many."""
    top = os.fsencode(folder)
    here = {entry.path[len(top) + 1 :] for entry in walks.entries(top) if entry.is_file}
    both = here & wanted.keys()
    wrong = {path for path in both if _differs(top + b"/" + path, wanted[path], seen)}
    return sorted(os.fsdecode(path) for path in wrong | (here ^ wanted.keys()))


def within(made: Sums, parts: Iterable[str]) -> dict[bytes, str]:
    """Return the sums of what is in some folders."""
    tops = tuple(part.encode() + b"/" for part in parts)
    return {path: value for path, value in made.items() if path.startswith(tops)}


def _differs(path: bytes, wanted: str, seen: Seen) -> bool:
    try:
        return sum_of(path, seen) != wanted
    except OSError:
        return True


def _entry(line: bytes) -> tuple[bytes, str]:
    escaped = line.startswith(b"\\")
    value, gap, path = line[escaped : escaped + 64], line[64 + escaped :][:2], line[66 + escaped :]
    if gap != b"  " or not path or len(bytes.fromhex(value.decode("ascii"))) != 32:
        raise ValueError("a line is not as it was written")
    return (_plain(path) if escaped else path), value.decode("ascii")


def _escaped(path: bytes) -> bytes:
    return path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def _plain(path: bytes) -> bytes:
    return b"\\".join(piece.replace(b"\\n", b"\n") for piece in path.split(b"\\\\"))
