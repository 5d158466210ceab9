"""A home as one archive, written while its user may work in it, and never over the disk's rim."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, BinaryIO

from opendata_hub.errors import StorageError
from opendata_hub.fields import format_size
from opendata_hub.storage import mountpoint

SPARE = 0.05
"""Share of a disk that archives leave free, for those who work."""

_CHUNK = 2**20  # bytes
_TELLS = 1000  # bytes of the end of what tar says


class NoRoom(StorageError):
    """The disk is nearly full."""


def pack(home: Path, file: Path) -> None:
    """
    Write all that is in a home into a new ``.tar.gz``, for everyone to read, onto the disk itself.

    It is the program tar that reads: it follows no symlink, opens no pipe, skips holes, and what
    changes or goes while it reads is in the archive as it was found.

    Raises:
        NoRoom: the disk is nearly full; the file may be there in part.
        StorageError: part of the home cannot be read, with what tar says.
        OSError: the file cannot be written.
    """
    require_room(file.parent)
    with file.open("xb") as archive, tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            _command(home), stdout=subprocess.PIPE, stderr=said, env={**os.environ, "LC_ALL": "C"}
        ) as tar:
            try:
                _pour(tar.stdout, archive, file.parent)
            except BaseException:
                tar.kill()
                raise
        if tar.returncode > 1:  # 1: files changed meanwhile
            raise StorageError(f"{home} cannot be read as a whole: {_last_line(said)}")
        archive.flush()
        os.fchmod(archive.fileno(), 0o444)
        os.fsync(archive.fileno())


def require_room(folder: Path, more: int = 0) -> None:
    """
    Make sure that a disk is not nearly full, nor will be with so many bytes more.

    Raises:
        NoRoom: it is; the text names the folder, and what to do.
    """
    usage = shutil.disk_usage(folder)
    if usage.free - more < SPARE * (usage.used + usage.free):
        raise NoRoom(
            f"The disk of {folder} has only {format_size(usage.free)} free, of which archives "
            "take nothing; make room there, or write fewer days at homes.snapshots in hub.yaml."
        )


def _command(home: Path) -> list[str]:
    # Unpacked in the home, the empty place of the snapshots would meet their mount.
    without = ["--anchored", f"--exclude=./{mountpoint.NAME}"] if mountpoint.is_empty(home) else []
    plain = ["--sparse", "--one-file-system", "--numeric-owner", "--use-compress-program=gzip -1"]
    quiet = [f"--warning=no-file-{what}" for what in ("changed", "removed", "shrank", "ignored")]
    return ["tar", "--create", *plain, *quiet, *without, f"--directory={home}", "."]


def _pour(source: IO[bytes] | None, target: BinaryIO, folder: Path) -> None:
    assert source  # noqa: S101  # it is a pipe
    while chunk := source.read(_CHUNK):
        require_room(folder, len(chunk))
        target.write(chunk)


def _last_line(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - _TELLS))
    lines = said.read().decode("utf-8", "replace").splitlines()
    reasons = [line for line in lines if "xiting" not in line]
    return reasons[-1] if reasons else "tar does not say why"
