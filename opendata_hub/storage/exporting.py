"""A home as one archive for its owner to take away: a ZIP, which every laptop opens."""

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from opendata_hub.errors import StorageError
from opendata_hub.storage.comparing import Tell
from opendata_hub.storage.walking import Entry, Gone, walk

_CHUNK = 2**20
_LEVEL = 1  # the next ones save a twentieth of the bytes for twice the time
_LARGE = 2**31 - 1  # bytes; what is more needs a larger header, also where packing makes it less
_EARLIEST, _LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)  # that a ZIP can tell
_DIRECTORY = 0x10  # as MS-DOS had it
_NOT_UTF_8 = re.compile(r"[\udc80-\udcff]")


@dataclass
class Exported:
    """
    What became of a home.

    Attributes:
        files: how many the archive has; a file with two names is there twice.
        left_out: paths of what is no file, folder or symlink: sockets, pipes.
    """

    files: int = 0
    left_out: list[str] = field(default_factory=list)


def export(home: Path, folder: str, file: Path, tell: Tell) -> Exported:
    """
    Write all files of a home into a ZIP, which only this user can read.

    It is there whole, or not at all; one of this name is replaced then. A symlink is in it as
    what it is, whatever it leads to. The home may be in use: what goes meanwhile is not in it.

    Args:
        folder: of the archive, that all is in.
        file: its folder exists.
        tell: hears how many bytes more are read.

    Raises:
        StorageError: a file cannot be read, or the archive not be written.
    """
    exported = Exported()
    try:
        with _whole(file) as raw, ZipFile(raw, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            for entry in walk(home):
                with suppress(Gone):
                    _add(archive, folder, entry, exported, tell)
    except OSError as error:
        raise StorageError(f"{file} cannot be written from {home}: {error}.") from None
    return exported


@contextmanager
def _whole(file: Path) -> Iterator[BinaryIO]:
    """Give a file that gets its name when it is whole and on the disk; else nothing is left."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(part, flags, 0o600), "w+b") as raw:
            yield raw
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _add(archive: ZipFile, folder: str, entry: Entry, exported: Exported, tell: Tell) -> None:
    info = _info(folder, entry)
    if entry.kind == stat.S_IFDIR:
        archive.writestr(info, b"")
    elif entry.kind == stat.S_IFLNK:
        archive.writestr(info, os.fsencode(_link(entry)))
    elif entry.kind == stat.S_IFREG:
        number = entry.open()
        try:
            _pour(number, archive, info, tell)
        finally:
            os.close(number)
        exported.files += 1
    else:
        exported.left_out.append(entry.path)


def _info(folder: str, entry: Entry) -> ZipInfo:
    path = _NOT_UTF_8.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", entry.path)
    is_folder, when = entry.kind == stat.S_IFDIR, time.localtime(entry.status.st_mtime)[:6]
    name = folder if path == "." else f"{folder}/{path}"
    info = ZipInfo(f"{name}/" if is_folder else name, max(_EARLIEST, min(when, _LATEST)))
    info.compress_type = ZIP_DEFLATED if entry.kind == stat.S_IFREG else ZIP_STORED
    info.create_system = 3  # Unix: modes and symlinks are told
    info.external_attr = (entry.status.st_mode & 0xFFFF) << 16 | (_DIRECTORY if is_folder else 0)
    return info


def _link(entry: Entry) -> str:
    try:
        return entry.link()
    except OSError as error:
        raise Gone(entry.path) from error


def _pour(number: int, archive: ZipFile, info: ZipInfo, tell: Tell) -> None:
    """Put in what a file has now; one that grows meanwhile would never end."""
    left = os.fstat(number).st_size
    with archive.open(info, "w", force_zip64=left > _LARGE) as target:
        while left and (piece := os.read(number, min(left, _CHUNK))):
            target.write(piece)
            left -= len(piece)
            tell(len(piece))
