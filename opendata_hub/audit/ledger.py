"""
The file of events: one JSON object a line, in parts that are replaced as they fill up or age.

The hub writes it and so do commands: each locks the file for its line, and who fills it up turns
the page.
"""

import fcntl
import json
import os
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from itertools import accumulate
from pathlib import Path
from typing import Any

PARTS = 10
"""Files at most: the one that is written, and earlier ones with a number."""

_LONGEST = 120  # characters of a text; names of users are shorter
_ROOM = 8192  # bytes of a list's texts: those of hundreds of names
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_STAMP = len('{"time": "2026-11-22T10:00:00.000Z"')


class Ledger:
    """
    Events of a hub.

    Args:
        file: readable by its owner only.
        size: bytes that all parts take together, or a little more.
        keep: seconds after which an event is no longer told; its part goes soon after.
    """

    def __init__(self, file: Path, size: float, keep: float) -> None:
        self.file, self._size, self._keep = file, size, keep

    def append(self, event: str, facts: Mapping[str, Any], when: float | None = None) -> None:
        """
        Write one event down. What is empty is left out, what is long is cut, and says so.

        Args:
            when: seconds of the Unix time; now, unless given.

        Raises:
            OSError: it cannot be written.
        """
        now = time.time() if when is None else when
        known = {name: _short(value) for name, value in facts.items() if value not in (None, "")}
        line = json.dumps({"time": _stamp(now), "event": event, **known}).encode() + b"\n"
        descriptor = self._open()
        try:
            _write(descriptor, line)
            if self._is_full(descriptor, now):
                self._turn(now)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        """Return the descriptor of the file, locked: others write before it or after."""
        while True:
            descriptor = os.open(self.file, _FLAGS, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(self.file, descriptor):
                return descriptor
            os.close(descriptor)  # while this one waited, somebody turned the page

    def _is_full(self, descriptor: int, now: float) -> bool:
        if os.fstat(descriptor).st_size * PARTS > self._size:
            return True
        first = _time(os.pread(descriptor, _STAMP, 0) + b"}")
        return first is not None and now - first > self._keep / PARTS

    def _turn(self, now: float) -> None:
        """Begin a new part."""
        for number in range(PARTS - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._part(number - 1).replace(self._part(number))
        self._forget(now)

    def _forget(self, now: float) -> None:
        for number in range(1, PARTS):
            with suppress(FileNotFoundError):
                if now - self._part(number).stat().st_mtime > self._keep:
                    self._part(number).unlink()

    def _part(self, number: int) -> Path:
        return self.file.with_name(f"{self.file.name}.{number}") if number else self.file

    def read(self) -> Iterator[dict[str, Any]]:
        """
        Return the events, the oldest first; what is no line of ours is left out.

        Raises:
            OSError: a file cannot be read.
        """
        for number in range(PARTS - 1, -1, -1):
            with suppress(FileNotFoundError), self._part(number).open("rb") as stream:
                yield from self._told(stream)

    def follow(self, pause: float) -> Iterator[dict[str, Any] | None]:
        """
        Return the events from now on, and None whenever there is none for ``pause`` seconds.

        Raises:
            OSError: a file cannot be read.
        """
        place = self.file.stat().st_size if self.file.exists() else 0
        while True:
            with suppress(FileNotFoundError), self.file.open("rb") as stream:
                stream.seek(place)
                while _is_at(self.file, stream.fileno()) or stream.peek(1):
                    yield from self._told(stream)
                    yield None
                    time.sleep(pause)
            place = 0

    def _told(self, lines: Any) -> Iterator[dict[str, Any]]:
        after = _stamp(time.time() - self._keep)
        for line in lines:
            entry = _read(line)
            if entry and entry["time"] >= after:
                yield entry


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
    if isinstance(value, list | tuple | set | frozenset):
        return _fitting(_short(str(one)) for one in value)
    return value


def _fitting(texts: Iterable[str]) -> list[str]:
    """Return what there is room for, and how many more there are: nobody hides behind others."""
    texts = list(texts)
    kept = bisect_right([*accumulate(len(json.dumps(text)) for text in texts)], _ROOM)
    more = [f"… and {len(texts) - kept} more"] if kept < len(texts) else []
    return texts[:kept] + more


def _write(descriptor: int, line: bytes) -> None:
    """Write onto the end, on a line of its own also after one that was broken off."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    if os.write(descriptor, line) < len(line):
        raise OSError(0, "the disk is full")


def _stamp(seconds: float) -> str:
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    texts = isinstance(entry, dict) and [entry.get("time"), entry.get("event")]
    return entry if texts and all(isinstance(text, str) for text in texts) else None


def _time(line: bytes) -> float | None:
    try:
        return datetime.fromisoformat(json.loads(line)["time"].replace("Z", "+00:00")).timestamp()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _is_at(file: Path, descriptor: int) -> bool:
    try:
        return file.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
