"""A TCP proxy that a test can slow, hold, cut, and let answer in its target's place."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

_CHUNK = 16 * 1024


def http_answer(status: int, code: str, message: str) -> bytes:
    """An HTTP answer with an error as registries write it, and as the engine does."""
    error = {"code": code, "message": message}
    body = json.dumps({"errors": [error], "message": message}).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Proxy:
    """
    Passes everything between ``port`` on loopback and its target, a port there or a Unix socket.

    Its attributes may be set at any time, from any thread.
    """

    port: int
    asked = 0
    """Connections so far, also those that were told the answer."""
    served = 0
    """Bytes that came from the target and were passed on."""
    rate: float | None = None
    """Bytes per second from the target, over all connections; None for no limit."""
    answer: bytes | None = None
    """What a new connection is told, before it is closed; None asks the target."""
    holding = False
    """Whether something of the target's waits for :meth:`release`."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._due = 0.0
        self._hold_at: int | None = None
        self._cut_at: int | None = None
        self._answer_then: bytes | None = None

    def hold(self, after: int = 0) -> None:
        """Pass on so many bytes more from the target, then none until :meth:`release`."""
        self._hold_at = self.served + after

    def release(self) -> None:
        """Pass on what is held, and go on."""
        self._hold_at = None

    def cut(self, after: int = 0, answer: bytes | None = None) -> None:
        """Break off all connections when so many bytes more have passed; from then on, answer."""
        self._answer_then, self._cut_at = answer, self.served + after

    def cut_now(self, answer: bytes | None = None) -> None:
        """Break off all connections; from now on, answer."""
        self._answer_then = answer
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        self.answer, self._cut_at = self._answer_then, None
        for writer in self._writers:
            writer.transport.abort()

    # -- one connection

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.asked += 1
        with suppress(OSError):
            async with self._closing(writer):
                if self.answer is None:
                    await self._join(reader, writer)
                else:
                    await self._say(self.answer, reader, writer)
        self._tasks.discard(task)

    @asynccontextmanager
    async def _closing(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()
            await writer.wait_closed()

    async def _say(
        self, answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if answer:  # an empty one refuses the connection
            await reader.read(_CHUNK)  # a request, or the greeting of one who tries HTTPS first
            writer.write(answer)
            await writer.drain()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self._target, int):
            theirs = await asyncio.open_connection("127.0.0.1", self._target)
        else:
            theirs = await asyncio.open_unix_connection(self._target)
        async with self._closing(theirs[1]):
            ways = self._up(reader, theirs[1]), self._down(theirs[0], writer)
            await asyncio.gather(*ways, return_exceptions=True)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                await self._wait_for_turn(len(chunk))
                writer.write(chunk)
                await writer.drain()
                self.served += len(chunk)
                if self._cut_at is not None and self.served >= self._cut_at:
                    self._cut()
        finally:
            writer.close()

    async def _wait_for_turn(self, size: int) -> None:
        if self.rate:
            self._due = max(self._due, time.monotonic()) + size / self.rate
            await asyncio.sleep(self._due - time.monotonic())
        while self._hold_at is not None and self.served >= self._hold_at:
            self.holding = True
            await asyncio.sleep(0.01)
        self.holding = False

    # -- its loop, in a thread of its own

    def run(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._listen())

    def end(self) -> None:
        """Break off everything."""
        self.rate = None
        self.release()
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)


@contextmanager
def proxied(target: int | Path) -> Iterator[Proxy]:
    """Run a proxy."""
    proxy = Proxy(target)
    proxy.run()
    try:
        yield proxy
    finally:
        proxy.end()
