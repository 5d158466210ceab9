"""Whether a server answers, and can log people in at the hub."""

import asyncio
from contextlib import suppress
from socket import socket

import pytest
from tornado.httputil import HTTPHeaders

from opendata_hub.engine.readiness import first_answer, works_with_hub

ANSWER = b"HTTP/1.1 200 OK\r\nX-JupyterHub-Version: 6.1.1\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("version", ["0.8.1", "1.5.1", "2.0.2", "5.4.6", "6.1.1", "7.0.0.dev"])
def test_a_server_of_any_jupyterhub_with_a_version_works(version: str) -> None:
    """Older and newer than the hub: what logs in with OAuth is let through."""
    assert works_with_hub(HTTPHeaders({"x-jupyterhub-version": version}))


def test_a_server_without_a_version_does_not() -> None:
    """A plain notebook server, or a JupyterHub from before 0.8."""
    assert not works_with_hub(HTTPHeaders({"Server": "TornadoServer/6.5"}))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(
        asyncio.IncompleteReadError, ConnectionError
    ):  # one who only looks whether anybody is there
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_an_answer_counts_while_the_one_who_was_asked_lives() -> None:
    """Its container has ended, and another student's server has got its address by now."""
    living = [True, False]

    async def look() -> None:
        if not living.pop(0):
            raise EOFError

    async with await asyncio.start_server(_answer, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        headers = await first_answer(f"http://{host}:{port}/api", look)
        with pytest.raises(EOFError):
            await first_answer(f"http://{host}:{port}/api", look)

    assert works_with_hub(headers)


LARGE = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2**21)


async def test_an_answer_without_end_is_none() -> None:
    """Who fills the hub's memory is left, and asked again."""
    answers = [LARGE, ANSWER]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answers.pop(0))
            await writer.drain()
        writer.close()

    async def look() -> None:
        pass

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        headers = await first_answer(f"http://{host}:{port}/api", look)

    assert works_with_hub(headers)
    assert not answers


async def test_who_is_cancelled_asks_no_more() -> None:
    """Also when that comes in the very moment of a refusal."""

    async def look() -> None: ...

    with socket() as nobody:  # keeps the port to itself, and does not listen
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/api"
        askers = []
        for steps in range(100):
            asker = asyncio.create_task(first_answer(url, look))
            for _ in range(steps):
                await asyncio.sleep(0)
            asker.cancel()
            askers.append(asker)
        await asyncio.wait(askers, timeout=1)
        lost = [asker for asker in askers if not asker.cancelled()]
        for asker in lost:
            asker.cancel()
    assert not lost
