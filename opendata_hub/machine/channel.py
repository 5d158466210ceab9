"""The channel of a kernel: a websocket, as a notebook page has one."""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

_News = tuple[str, dict[str, Any]]
"""Kind and content of a message."""

_ASK_AGAIN = 1.0  # seconds: a kernel that is not connected yet hears nothing
_LONGEST = 100 * 2**20  # bytes of one message; a page of plots has more than the library's 10 MB


class KernelTrouble(Exception):
    """Why a kernel does not work."""


class CodeFailed(KernelTrouble):
    """
    Code ended with an error of its own; the kernel lives.

    Attributes:
        error: kind and text, such as ``NameError: name 'x' is not defined``.
    """

    def __init__(self, error: str) -> None:
        super().__init__(f"its code fails: {error}")
        self.error = error


@asynccontextmanager
async def connected(
    url: str, headers: Mapping[str, str], patience: float
) -> AsyncIterator["Channel"]:
    """
    Open the channel of a kernel.

    Args:
        url: ``ws://…/api/kernels/<id>/channels``.
        headers: what the server knows the user by.
        patience: seconds until the server must have answered.

    Raises:
        OSError, HTTPClientError: it cannot be opened.
    """
    request = HTTPRequest(url, headers=dict(headers), request_timeout=patience)
    socket = await websocket_connect(request, max_message_size=_LONGEST)
    try:
        yield Channel(socket)
    finally:
        socket.close()
        while await socket.read_message() is not None:
            pass  # until the other side has closed too: nothing is left open


class Channel:
    """Sends a kernel code, and hears what comes of it."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self._reading: asyncio.Future[str | bytes | None] | None = None

    async def connect(self) -> None:
        """Ask who it is until it is heard to have answered: until then output may be lost."""
        while True:
            asked = await self._send("kernel_info_request", {})
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._idle_after(asked), _ASK_AGAIN)
                return

    async def _idle_after(self, asked: str) -> None:
        async with aclosing(self._news(asked)) as news:
            async for _ in news:
                pass

    async def execute(self, code: str) -> str:
        """
        Run code and return all that came of it, as text.

        Raises:
            CodeFailed: the code ended with an error.
            KernelTrouble: the kernel ended, or the server closed the channel.
        """
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        asked, printed, error = await self._send("execute_request", content), "", ""
        async with aclosing(self._news(asked)) as news:
            async for kind, said in news:
                if kind == "error":
                    error = f"{said.get('ename')}: {said.get('evalue')}"
                printed += said.get("text", "") if kind == "stream" else ""
                printed += said.get("data", {}).get("text/plain", "")
        if error:
            raise CodeFailed(error)
        return printed

    async def _send(self, kind: str, content: dict[str, Any]) -> str:
        message = uuid.uuid4().hex
        header = {
            "msg_id": message,
            "msg_type": kind,
            "username": "",
            "session": uuid.uuid4().hex,
            "date": "",
            "version": "5.3",
        }
        whole = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self._socket.write_message(json.dumps({**whole, "channel": "shell", "buffers": []}))
        return message

    async def _news(self, asked: str) -> AsyncGenerator[_News, None]:
        """Yield what comes of a message, until the kernel has nothing more to do for it."""
        while (raw := await self._read()) is not None:
            message = json.loads(raw) if isinstance(raw, str) else {"header": {}}
            kind, content = message["header"].get("msg_type"), message.get("content", {})
            state = content.get("execution_state") if kind == "status" else None
            if state in ("restarting", "dead", "autorestarting"):
                raise KernelTrouble("it ends by itself")
            if message.get("parent_header", {}).get("msg_id") != asked:
                continue
            if state == "idle":
                return
            yield kind, content
        raise KernelTrouble("the server closed its connection")

    async def _read(self) -> str | bytes | None:
        """Read a message; one that is waited for in vain is there for the next who reads."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._socket.read_message())
        raw = await asyncio.shield(self._reading)
        self._reading = None
        return raw
