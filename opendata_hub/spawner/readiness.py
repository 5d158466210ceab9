"""Whether a server answers, asked often enough that nobody waits for the asking."""

from packaging.version import InvalidVersion, Version
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.httputil import HTTPHeaders

OLDEST = Version("2.0")
"""Oldest jupyterhub-singleuser that logs people in at today's hubs: before, it asked them for
rights by an interface that hubs dropped in 2.0."""

_PATIENCE = 5.0  # seconds for one answer; a server that has just come up is slow the first time


async def answer(url: str) -> HTTPHeaders | None:
    """Headers of whatever answers at ``url``, or None where nothing (or a 5xx) does yet."""
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


def works_with_hub(version: str | None) -> bool:
    """Whether a server that calls itself by this ``X-JupyterHub-Version`` can log people in."""
    try:
        return version is not None and Version(version) >= OLDEST
    except InvalidVersion:
        return False
