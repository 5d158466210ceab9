"""Kernels, spoken to as a notebook page does: REST and a websocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from tornado.httpclient import HTTPClientError

from opendata_hub.machine.channel import KernelTrouble, connected
from opendata_hub.machine.preflight.facts import Kernel
from opendata_hub.machine.preflight.server import Server

_PATIENCE = 60.0  # seconds; a compiler's first start on a slow disk takes a while
_LOOK_AGAIN = 1.0  # seconds
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
    except (KernelTrouble, OSError, HTTPClientError) as error:
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
    url = server.url.replace("http://", "ws://") + f"api/kernels/{kernel}/channels"
    async with connected(url, server.headers, _PATIENCE) as channel:
        await channel.connect()
        if code is None:
            return
        printed = await channel.execute(code)
        if _ANSWER not in printed:
            said = printed.strip()[:200] or "nothing"
            raise KernelTrouble(f"it runs code, but where {_ANSWER} was to be printed came: {said}")


async def _death(server: Server, kernel: str) -> None:
    """Wait until a kernel is given up: the channel of one that ends at once does not even open."""
    while True:
        status, found = await server.ask("GET", f"api/kernels/{kernel}")
        if status == 404 or found.get("execution_state") == "dead":
            raise KernelTrouble("it ends by itself, again and again")
        await asyncio.sleep(_LOOK_AGAIN)


@asynccontextmanager
async def _started(server: Server, name: str) -> AsyncIterator[str]:
    status, answer = await server.ask("POST", "api/kernels", {"name": name}, _PATIENCE)
    if status != 201:
        raise KernelTrouble(f"it cannot be started: {answer.get('message') or f'HTTP {status}'}")
    try:
        yield answer["id"]
    finally:
        with suppress(OSError, HTTPClientError):
            await server.ask("DELETE", f"api/kernels/{answer['id']}")
