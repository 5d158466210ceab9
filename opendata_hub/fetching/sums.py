"""Checksums: of what passes by, and of what lies on a disk."""

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

CHUNK = 2**20
"""Bytes that are read at a time: both algorithms let other threads run meanwhile."""

Tick = Callable[[int], None]
"""Takes how many bytes more are done; less than none where they have to be done again."""


class Stopped(Exception):
    """Somebody has broken the whole off."""


class Sum:
    """A checksum that grows."""

    def __init__(self, algorithm: str) -> None:
        self._sha256 = hashlib.sha256() if algorithm == "sha256" else None
        self._adler32 = 1

    def add(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._sha256:
            self._sha256.update(piece)
        else:
            self._adler32 = zlib.adler32(piece, self._adler32)

    def hex(self) -> str:
        """Return the sum so far."""
        return self._sha256.hexdigest() if self._sha256 else f"{self._adler32:08x}"


def of_file(file: Path, algorithm: str, tick: Tick, stop: threading.Event) -> str:
    """
    Return the checksum of a whole file.

    Raises:
        OSError: it cannot be read; nothing of it counts as done then.
        Stopped: ``stop`` was set.
    """
    found, done = Sum(algorithm), 0
    try:
        with file.open("rb", buffering=0) as stream:
            for chunk in chunks(stream):
                if stop.is_set():
                    raise Stopped
                found.add(chunk)
                done += len(chunk)
                tick(len(chunk))
    except OSError:
        tick(-done)
        raise
    return found.hex()


def chunks(stream: FileIO) -> Iterator[memoryview]:
    """Read a file to its end; each piece is there until the next one is asked for."""
    buffer = memoryview(bytearray(CHUNK))
    while length := stream.readinto(buffer):
        yield buffer[:length]
