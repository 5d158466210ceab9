"""Writing a bundle: members one by one, and at the end their sums."""

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from opendata_hub.bundle.unpack import ABOUT, SUMS
from opendata_hub.errors import MachineError
from opendata_hub.machine.sealing import CHUNK, Tell


class Writer:
    """
    Writes the tar.

    Args:
        tell: hears how many bytes are written, of how many.
        total: bytes of all that will come.
    """

    def __init__(self, out: IO[bytes], about: Mapping[str, Any], tell: Tell, total: int) -> None:
        self._tar = tarfile.open(fileobj=out, mode="w")  # noqa: SIM115
        self._tar.copybufsize = CHUNK  # type: ignore[attr-defined]
        self._out, self._tell, self._total = out, tell, total
        self._sums: dict[str, str] = {}
        content = json.dumps(about).encode()
        self._bytes(ABOUT, content + b"\n" + hashlib.sha256(content).hexdigest().encode())

    def add(self, path: Path, name: str) -> None:
        """
        Add a file, or a folder with all in it, as members of this name.

        Raises:
            MachineError: a file changes meanwhile, or cannot be read.
        """
        try:
            for below, member in _walk(path, name):
                self._add(below, member)
        except OSError as error:
            if error.filename is None:  # the trouble is where the bundle goes
                raise
            raise MachineError(f"{error.filename} cannot be read: {error.strerror}.") from None

    def close(self) -> None:
        """Write the sums and the end."""
        self._bytes(SUMS, json.dumps(self._sums).encode())
        self._tar.close()

    def _add(self, path: Path, name: str) -> None:
        member = _member(path, name)
        if not member.isreg():
            self._tar.addfile(member)
            return
        with path.open("rb") as raw:
            summed = _Summed(raw, path, self._hear)
            self._tar.addfile(member, summed)
        self._sums[name] = summed.sum.hexdigest()

    def _hear(self) -> None:
        done = self._out.tell()
        self._tell(done, max(self._total, done))

    def _bytes(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o644
        self._tar.addfile(member, BytesIO(content))


class _Summed:
    """A file that takes its sum while it is read; one that became shorter is told apart."""

    def __init__(self, raw: IO[bytes], path: Path, hear: Callable[[], None]) -> None:
        self._raw, self._path, self._hear = raw, path, hear
        self.sum = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        try:
            piece = self._raw.read(size)
        except OSError as error:
            raise MachineError(f"{self._path} cannot be read: {error.strerror}.") from None
        if len(piece) < size:
            raise MachineError(f"{self._path} became shorter while it was packed; try again.")
        self.sum.update(piece)
        self._hear()
        return piece


def _walk(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Yield files, folders and links; what is none of these has no place in a dataset."""
    yield path, name
    if path.is_dir() and not path.is_symlink():
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            known = entry.is_symlink() or entry.is_dir() or entry.is_file()
            if known:
                yield from _walk(Path(entry.path), f"{name}/{entry.name}")


def _member(path: Path, name: str) -> tarfile.TarInfo:
    """Describe it: owners stay here, and a file of two names is two files."""
    facts, member = path.lstat(), tarfile.TarInfo(name)
    member.mode, member.mtime = facts.st_mode & 0o777, int(facts.st_mtime)
    if path.is_symlink():
        member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif path.is_dir():
        member.type = tarfile.DIRTYPE
    else:
        member.size = facts.st_size
    return member
