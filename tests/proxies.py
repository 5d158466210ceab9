"""A TCP proxy that a test can slow, hold, cut and let answer in its target's place."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_CHUNK = 16 * 1024
_REFUSE = b""


def http_answer(status: int, code: str, message: str) -> bytes:
    """An HTTP answer with an error as registries write it."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Proxy:
    """
    Listens on ``port`` of loopback and passes everything on to a target.

    Set its attributes at any time, from any thread.
    """

    port: int
    rate: float | None = None
    """Bytes per second from the target, over all connections; None for no limit."""
    answer: bytes | None = None
    """Given to each new connection in the target's place; None asks the target."""
    served = 0
    """Bytes passed on from the target so far."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.StreamWriter] = set()
        self._open = threading.Event()
        self._cut_at: int | None = None
        self._answer_then: bytes | None = None
        self._due = 0.0

    def refuse(self) -> None:
        """Break off each new connection at once."""
        self.answer = _REFUSE

    def hold(self, after: int = 0) -> None:
        """Pass nothing more on from the target after so many bytes, until :meth:`release`."""
        self._hold_at = self.served + after

    _hold_at: int | None = None

    @property
    def holding(self) -> bool:
        """Whether the target has sent something that is being held."""
        return self._held > 0

    _held = 0

    def release(self) -> None:
        """Pass on again."""
        self._hold_at = None

    def cut(self, after: int, answer: bytes | None = None) -> None:
        """Break off all connections after so many more bytes, and set :attr:`answer` then."""
        self._answer_then = answer
        self._cut_at = self.served + after

    def cut_now(self, answer: bytes | None = None) -> None:
        """Break off all connections now, and set :attr:`answer`."""
        self._answer_then = answer
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        self.answer, self._cut_at = self._answer_then, None
        for writer in self._connections:
            writer.transport.abort()

    # -- its loop, in a thread of its own

    def run(self) -> None:
        """Listen."""
        threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True).start()
        self._do(self._listen())

    def end(self) -> None:
        """Break off all connections and listen no more."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
