"""A tar whose last member is the checksum of all before it: what is cut short or damaged shows."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tarfile import BLOCKSIZE, TarInfo
from typing import IO, cast

from opendata_hub.errors import MachineError

Tell = Callable[[int, int], None]
"""Takes how many bytes are done, of how many in all."""

CHUNK = 2**20
_END = bytes(2 * BLOCKSIZE)  # how a tar ends
_NAME = "opendata-hub.sha256"


class Sealer:
    """Writes a tar that comes piece by piece, and seals it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._sum, self._held = out, hashlib.sha256(), b""

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._held += piece
        ready, self._held = self._held[: -len(_END)], self._held[-len(_END) :]
        self._sum.update(ready)
        self._out.write(ready)

    def close(self) -> None:
        """
        Write the checksum and the end.

        Raises:
            MachineError: what came is no whole tar.
        """
        if self._held != _END:
            raise MachineError("The engine broke off; try again, and look into its log.")
        self._out.write(_seal(self._sum.hexdigest()) + _END)


def _seal(checksum: str) -> bytes:
    member = TarInfo(_NAME)
    member.size = len(checksum)
    return member.tobuf() + checksum.encode().ljust(BLOCKSIZE, b"\0")


def check(file: Path, tell: Tell) -> int:
    """
    Read a sealed file, compressed or not, to its end.

    Returns:
        int: bytes of the tar, unpacked.

    Raises:
        MachineError: it is not there, cut short, damaged, or was never sealed.
    """
    sealed = len(_seal("0" * 64) + _END)
    checksum, held, length = hashlib.sha256(), b"", 0
    try:
        with file.open("rb") as raw, opened(file, raw) as stream:
            while piece := stream.read(CHUNK):
                held, length = held + piece, length + len(piece)
                checksum.update(held[:-sealed])
                held = held[-sealed:]
                tell(raw.tell(), file.stat().st_size)
    except EOFError:
        raise _cut_short(file) from None
    except (gzip.BadGzipFile, zlib.error):
        raise _damaged(file) from None
    except OSError as error:
        raise MachineError(f"{file} cannot be read: {error.strerror}.") from None
    if not held.startswith(_NAME.encode()) or not held.endswith(_END):
        raise _cut_short(file)
    if held != _seal(checksum.hexdigest()) + _END:
        raise _damaged(file)
    return length


@contextmanager
def opened(file: Path, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give the tar in an open file, which is compressed where its name says so."""
    if not is_compressed(file):
        yield raw
        return
    # The fastest level: the next ones save a twentieth of the bytes for twice the time.
    with gzip.GzipFile("", "wb" if raw.writable() else "rb", 1, raw) as packed:
        yield cast("IO[bytes]", packed)


def is_compressed(file: Path) -> bool:
    """Whether a file of this name is compressed."""
    return file.suffix in (".gz", ".tgz")


def _cut_short(file: Path) -> MachineError:
    return MachineError(
        f"{file} is cut short, or was not made by `opendata-hub images save`; copy it once more. "
        f"What `docker save` made is for `docker load -i {file}`."
    )


def _damaged(file: Path) -> MachineError:
    return MachineError(f"{file} is damaged: it is not what was saved; copy it once more.")
