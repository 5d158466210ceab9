"""What a server of ours takes in: little, and not for long."""

import asyncio
from collections.abc import Iterator

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from opendata_hub import bounds


@pytest.fixture(autouse=True)
def tornado() -> Iterator[None]:
    """Tornado as it was, for the other tests of this process."""
    yield
    HTTPServer.configure(None)


class Echo(RequestHandler):
    """Answers how much it was sent."""

    def post(self) -> None:
        """Take it."""
        self.finish(str(len(self.request.body)))


async def sent(head: str, body: bytes = b"") -> bytes:
    """What answers a request that never ends by itself."""
    bounds.set_bounds()
    server, (socket, port) = HTTPServer(Application([("/", Echo)])), bind_unused_port()
    server.add_socket(socket)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + body)
        return await asyncio.wait_for(reader.readline(), 60)
    finally:
        writer.close()
        server.stop()


async def test_a_form_is_taken() -> None:
    """Whatever a page of ours sends."""
    size = bounds.BODY
    assert b"200" in await sent(f"Content-Length: {size}", b"x" * size)


async def test_a_large_body_is_refused_before_it_comes() -> None:
    """By its own word."""
    assert b"400" in await sent(f"Content-Length: {bounds.BODY + 1}")


async def test_a_slow_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends without an answer."""
    monkeypatch.setattr(bounds, "_SLOWEST", 0.1)

    assert await sent("Content-Length: 10", b"slow") == b""
