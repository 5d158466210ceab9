"""A file on its way: what has come of it, the sum of that, and what it was begun from."""

import json
import os
import threading
from io import FileIO
from pathlib import Path
from types import TracebackType

from opendata_hub.fetching.sums import CHUNK, Stopped, Sum, Tick, chunks

_ZEROS = bytes(CHUNK)


class Part:
    """
    An unfinished file, which outlives the program that was writing it.

    Args:
        file: where it grows; ``<file>.from`` beside it says what it was begun from.
        algorithm: of its checksum.
        tick: told of all bytes that are here, those of earlier tries included.

    Raises:
        OSError: the disk does not let us, here and in all that writes.
        Stopped: ``stop`` was set while earlier bytes were read.
    """

    def __init__(self, file: Path, algorithm: str, tick: Tick, stop: threading.Event) -> None:
        self.file, self._algorithm, self._tick, self._stop = file, algorithm, tick, stop
        self._from = file.with_name(f"{file.name}.from")
        file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = FileIO(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
        self.size, self._sum = 0, Sum(algorithm)
        self.is_taken_up = False
        self._take_up()

    def _take_up(self) -> None:
        """Read what an earlier try has left."""
        for chunk in chunks(self._stream):
            self._count(chunk)
        self.is_taken_up = bool(self.size)

    def _count(self, chunk: bytes | memoryview) -> None:
        if self._stop.is_set():
            raise Stopped
        self._sum.add(chunk)
        self.size += len(chunk)
        self._tick(len(chunk))

    @property
    def mark(self) -> str:
        """What the server called the content that this was begun from: an ETag, or a date."""
        try:
            return str(json.loads(self._from.read_bytes()))
        except (OSError, ValueError):
            return ""

    @mark.setter
    def mark(self, mark: str) -> None:
        self._from.write_text(json.dumps(mark), "utf-8")

    def take(self, chunk: bytes | memoryview) -> None:
        """Add the next bytes. Whole chunks of zeros take no room on the disk."""
        if chunk == _ZEROS[: len(chunk)]:
            self._stream.seek(len(chunk), os.SEEK_CUR)
        else:
            view = memoryview(chunk)
            while view:
                view = view[self._stream.write(view) :]
        self._count(chunk)

    def begin_anew(self) -> None:
        """Forget all that has come."""
        self._tick(-self.size)
        self._stream.truncate(0)
        self._stream.seek(0)
        self._from.unlink(missing_ok=True)
        self.size, self._sum, self.is_taken_up = 0, Sum(self._algorithm), False

    @property
    def sum(self) -> str:
        """The checksum of what is here."""
        return self._sum.hex()

    def finish(self, target: Path) -> None:
        """Put the file, which is whole now, where it belongs, safe from a power cut."""
        self._stream.truncate(self.size)
        os.fchmod(self._stream.fileno(), 0o644)
        os.fsync(self._stream.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        self.file.replace(target)
        self._from.unlink(missing_ok=True)

    def __enter__(self) -> "Part":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if os.fstat(self._stream.fileno()).st_size < self.size:  # it ends in a hole
            self._stream.truncate(self.size)
        self._stream.close()
