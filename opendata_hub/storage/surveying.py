"""What a home is like at a moment, in one number that changes with whatever in it changes."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.storage.walking import Entry, walk


@dataclass(frozen=True)
class Survey:
    """
    A home at a moment.

    Attributes:
        mark: two of the same home are equal if nothing in it was changed between them.
        files: how many there are; a file with two names is there twice.
        length: bytes of their contents, holes included.
        used: bytes on the disk.
    """

    mark: str
    files: int
    length: int
    used: int


def survey(home: Path) -> Survey:
    """
    Look at all that is there, without reading a file.

    Nobody but root can change something and leave it the time of its last change.

    Raises:
        OSError: something cannot be looked at.
    """
    mark = hashlib.sha256()
    files = length = used = 0
    seen: set[tuple[int, int]] = set()
    for entry in walk(home):
        status, inode = entry.status, (entry.status.st_dev, entry.status.st_ino)
        mark.update(_line(entry))
        if entry.kind == stat.S_IFREG:
            files, length = files + 1, length + status.st_size
        if inode not in seen:
            used += status.st_blocks * 512
        if status.st_nlink > 1:
            seen.add(inode)
    return Survey(mark.hexdigest(), files, length, used)


def _line(entry: Entry) -> bytes:
    status = entry.status
    facts = (status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_nlink)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return os.fsencode(entry.path) + b"\0" + repr((*facts, *times)).encode() + b"\n"
