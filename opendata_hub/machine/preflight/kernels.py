"""Kernels, spoken to as a notebook page does: REST and a websocket."""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from opendata_hub.machine.preflight.facts import Kernel
from opendata_hub.machine.preflight.server import Server

_News = tuple[str, dict[str, Any]]
"""Kind and content of a message."""

_PATIENCE = 60.0  # seconds; a compiler's first start on a slow disk takes a while
_ASK_AGAIN = 1.0  # seconds: a kernel that is not connected yet hears nothing
_ANSWER = "42"
_CODE = {
    "python": "print(6 * 7)",
    "ipython": "print(6 * 7)",
    "c++": "#include <iostream>\nstd::cout << 6 * 7 << std::endl;",
    "r": "cat(6 * 7)",
    "julia": "println(6 * 7)",
    "bash": "echo $((6 * 7))",
    "octave": "disp(6 * 7)",
    "scala": "println(6 * 7)",
    "javascript": "console.log(6 * 7)",
    "ruby": "puts 6 * 7",
    "sagemath": "print(6 * 7)",
    "sage": "print(6 * 7)",
}


async def try_all(server: Server) -> tuple[Kernel, ...]:
    """Start each kernel that a server offers, one after the other, and have it run code."""
    status, found = await server.ask("GET", "api/kernelspecs")
    specs = found.get("kernelspecs", {}) if status == 200 else {}
    return tuple([await _try(server, name, one["spec"]) for name, one in specs.items()])


async def _try(server: Server, name: str, spec: dict[str, Any]) -> Kernel:
    title, language = spec.get("display_name", name), str(spec.get("language", ""))
    code = _code(language)
    kernel = Kernel(name, title, language, code is not None)
    try:
        await asyncio.wait_for(_run(server, name, code), _PATIENCE)
    except asyncio.TimeoutError:
        trouble = f"it did not answer within {_PATIENCE:.0f} seconds"
    except (_Trouble, OSError, HTTPClientError) as error:
        trouble = str(error) or type(error).__name__
    else:
        return kernel
    return replace(kernel, trouble=trouble)


def _code(language: str) -> str | None:
    """Return a program that prints the answer; None where nobody here knows the language."""
    word = language.lower()
    return _CODE["c++"] if word.startswith("c++") else _CODE.get(word)


async def _run(server: Server, name: str, code: str | None) -> None:
    """Have a kernel run code, unless it ends before."""
    async with _started(server, name) as kernel:
        tasks = [asyncio.ensure_future(_talk(server, kernel, code))]
        tasks.append(asyncio.ensure_future(_death(server, kernel)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()


async def _talk(server: Server, kernel: str, code: str | None) -> None:
    async with _channel(server, kernel) as channel:
        await channel.connect()
        if code is None:
            return
        printed = await channel.execute(code)
        if _ANSWER not in printed:
            said = printed.strip()[:200] or "nothing"
            raise _Trouble(f"it runs code, but where {_ANSWER} was to be printed came: {said}")


async def _death(server: Server, kernel: str) -> None:
    """Wait until a kernel is given up: the channel of one that ends at once does not even open."""
    while True:
        status, found = await server.ask("GET", f"api/kernels/{kernel}")
        if status == 404 or found.get("execution_state") == "dead":
            raise _Trouble("it ends by itself, again and again")
        await asyncio.sleep(_ASK_AGAIN)


class _Trouble(Exception):
    """Why a kernel does not work."""


@asynccontextmanager
async def _started(server: Server, name: str) -> AsyncIterator[str]:
    status, answer = await server.ask("POST", "api/kernels", {"name": name}, _PATIENCE)
    if status != 201:
        raise _Trouble(f"it cannot be started: {answer.get('message') or f'HTTP {status}'}")
    try:
        yield answer["id"]
    finally:
        with suppress(OSError, HTTPClientError):
            await server.ask("DELETE", f"api/kernels/{answer['id']}")


@asynccontextmanager
async def _channel(server: Server, kernel: str) -> AsyncIterator["_Channel"]:
    url = server.url.replace("http://", "ws://") + f"api/kernels/{kernel}/channels"
    request = HTTPRequest(url, headers=server.headers, request_timeout=_PATIENCE)
    socket = await websocket_connect(request)
    try:
        yield _Channel(socket)
    finally:
        socket.close()
        while await socket.read_message() is not None:
            pass  # until the other side has closed too: nothing is left open


class _Channel:
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
        """Run code and return all that came of it, as text."""
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        asked, printed = await self._send("execute_request", content), ""
        async with aclosing(self._news(asked)) as news:
            async for kind, said in news:
                if kind == "error":
                    raise _Trouble(f"its code fails: {said.get('ename')}: {said.get('evalue')}")
                printed += said.get("text", "") if kind == "stream" else ""
                printed += said.get("data", {}).get("text/plain", "")
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
                raise _Trouble("it ends by itself")
            if message.get("parent_header", {}).get("msg_id") != asked:
                continue
            if state == "idle":
                return
            yield kind, content
        raise _Trouble("the server closed its connection")

    async def _read(self) -> str | bytes | None:
        """Read a message; one that is waited for in vain is there for the next who reads."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._socket.read_message())
        raw = await asyncio.shield(self._reading)
        self._reading = None
        return raw
