"""Whether a server answers, asked often enough that nobody waits for the asking."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.httputil import HTTPHeaders

_PATIENCE = 5.0  # seconds for one answer; a server that has just come up is slow the first time
_PROBE_EVERY = 0.03  # seconds: an answer is noticed before a person could
_LOOK_EVERY = 0.3  # seconds: a server that died ends its start at once


async def first_answer(url: str, look: Callable[[], Awaitable[None]]) -> HTTPHeaders:
    """
    Ask until something answers; return its headers.

    Args:
        look: called a few times a second, and after the answer; what it raises ends the asking.
    """
    looked = time.monotonic()
    while (headers := await _answer(url)) is None:
        if time.monotonic() - looked > _LOOK_EVERY:
            looked = time.monotonic()
            await look()
        await asyncio.sleep(_PROBE_EVERY)
    await look()  # the address of a container that has ended may be another's, who answers
    return headers


async def _answer(url: str) -> HTTPHeaders | None:
    """Headers of whatever answers at ``url``, or None where nothing (or a 5xx) does yet."""
    if not await _listens(url):
        return None
    client = AsyncHTTPClient(force_instance=True)
    try:
        response: HTTPResponse = await client.fetch(
            url, raise_error=False, follow_redirects=False, request_timeout=_PATIENCE
        )
    except (OSError, HTTPClientError):
        return None
    finally:
        client.close()
    return response.headers if response.code < 500 else None


async def _listens(url: str) -> bool:
    """Whether it takes connections: asking costs a fourth of a request, and the hub asks often."""
    address = urlsplit(url)
    connection = asyncio.open_connection(address.hostname, address.port)
    try:
        _, writer = await asyncio.wait_for(connection, _PATIENCE)
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
