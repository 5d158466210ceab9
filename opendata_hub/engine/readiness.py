"""Whether a server answers, asked often enough that nobody waits for the asking."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from opendata_hub.clock import timeout

_PATIENCE = 5.0  # seconds for one answer; a server that has just come up is slow the first time
_LONGEST = 2**20  # bytes of an answer: who answers may be out to fill the hub's memory
_PROBE_EVERY = 0.03  # seconds: an answer is noticed before a person could
_LOOK_EVERY = 0.3  # seconds: a server that died ends its start at once


async def first_answer(
    url: str, look: Callable[[], Awaitable[None]], seal: ssl.SSLContext | None = None
) -> HTTPHeaders:
    """
    Ask until something answers; return its headers.

    Args:
        look: called a few times a second, and after the answer; what it raises ends the asking.
        seal: certificates to ask with; None for those of everybody.
    """
    looked = time.monotonic()
    while (headers := await _answer(url, seal)) is None:
        if time.monotonic() - looked > _LOOK_EVERY:
            looked = time.monotonic()
            await look()
        await asyncio.sleep(_PROBE_EVERY)
    await look()  # the address of a container that has ended may be another's, who answers
    return headers


async def _answer(url: str, seal: ssl.SSLContext | None) -> HTTPHeaders | None:
    """Headers of whatever answers at ``url``, or None where nothing (or a 5xx) does yet."""
    if not await _listens(url):
        return None
    client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=_LONGEST)
    try:
        response: HTTPResponse = await client.fetch(
            url,
            raise_error=False,
            follow_redirects=False,
            request_timeout=_PATIENCE,
            ssl_options=seal,
        )
    except (OSError, HTTPClientError):
        return None
    finally:
        client.close()
    return response.headers if response.code < 500 else None


async def _listens(url: str) -> bool:
    """Whether it takes connections: asking costs a fourth of a request, and the hub asks often."""
    address = urlsplit(url)
    try:
        async with timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(address.hostname, address.port)
    except (OSError, asyncio.TimeoutError):
        return False
    writer.close()
    return True


def works_with_hub(headers: HTTPHeaders) -> bool:
    """
    Whether a server with these headers can log people in at this hub.

    Measured in a browser, with hubs 6.1.1 and 5.4.6 and servers of JupyterHub 0.8 to 6.1, older
    than the hub or newer: all let their owner in and run code (before 2.0 nobody but the owner: no
    service and no admin). JupyterHub 0.7, which sends no version, ends in a redirect loop; and a
    notebook server without JupyterHub sends none either.
    """
    return "X-JupyterHub-Version" in headers
