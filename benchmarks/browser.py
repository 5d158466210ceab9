"""What a student's browser does: press Start and follow the progress, log in, open JupyterLab."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import httpx

from tests.hubs import RunningHub

_PATIENCE = 600.0  # seconds
_PAGE_OPENS = 1.0  # seconds after the click, at most: then the hub shows the page with the progress
_EVERY = 0.25  # seconds between two looks of a sampler
_LAB = 'id="jupyter-config-data"'
"""JupyterLab's page has it, and no page of the hub."""


@asynccontextmanager
async def api(hub: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the hub's API with as many connections as it takes."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=hub.api.base_url, headers=hub.api.headers, timeout=_PATIENCE, limits=limits
    ) as http:
        yield http


@asynccontextmanager
async def sessions(hub: RunningHub, users: list[str]) -> AsyncIterator[list[aiohttp.ClientSession]]:
    """
    Yield a browser's session of each user, logged in.

    A student's browser is on a machine of its own; here it takes from what is measured, so the
    client is one that takes little.
    """
    async with AsyncExitStack() as stack:
        opened = []
        for user in users:
            session = aiohttp.ClientSession(
                hub.url,
                cookie_jar=aiohttp.CookieJar(unsafe=True),  # of addresses without a name, too
                timeout=aiohttp.ClientTimeout(_PATIENCE),
            )
            await stack.enter_async_context(session)
            await _log_in(session, user)
            opened.append(session)
        yield opened


async def _log_in(session: aiohttp.ClientSession, user: str) -> None:
    async with session.get("/hub/login"):
        tokens = [cookie for cookie in session.cookie_jar if cookie.key == "_xsrf"]
    form = {"username": user, "password": "any", "_xsrf": tokens[0].value}
    async with session.post("/hub/login?next=/hub/home", data=form) as page:
        assert page.url.path == "/hub/home", page


async def press_start(http: httpx.AsyncClient, user: str) -> float | None:
    """
    Press Start, and wait on the progress stream.

    Args:
        http: of :func:`api`.

    Returns:
        Seconds until the server is ready; None where it does not become so.
    """
    began = time.monotonic()
    asked = asyncio.create_task(http.post(f"users/{user}/server"))
    await asyncio.wait([asked], timeout=_PAGE_OPENS)
    ready = await _outcome(http, user, asked)
    seconds = time.monotonic() - began
    await asked
    return seconds if ready else None


async def _outcome(
    http: httpx.AsyncClient, user: str, asked: "asyncio.Task[httpx.Response]"
) -> bool:
    while not asked.done() or asked.result().status_code == httpx.codes.ACCEPTED:
        last = await _last_event(http, user)
        if last.get("ready") or last.get("failed"):
            return bool(last.get("ready"))
        await asyncio.sleep(_EVERY)  # the hub has not come to the click yet
    return asked.result().status_code == httpx.codes.CREATED


async def _last_event(http: httpx.AsyncClient, user: str) -> dict[str, Any]:
    event: dict[str, Any] = {}
    async with http.stream("GET", f"users/{user}/server/progress") as stream:
        async for line in stream.aiter_lines():
            event = json.loads(line[5:]) if line.startswith("data:") else event
            if event.get("ready") or event.get("failed"):
                break
    return event


async def open_lab(session: aiohttp.ClientSession, user: str) -> float:
    """
    Click on "My Server" of the hub's home page, for a server that runs.

    Args:
        session: of :func:`sessions`.

    Returns:
        Seconds to the last byte of JupyterLab's page, with all redirects.
    """
    began = time.monotonic()
    async with session.get(f"/user/{user}/") as page:
        text = await page.text()
    seconds = time.monotonic() - began
    assert _LAB in text, page
    return seconds


class Sampler:
    """
    Loads pages a few times a second, whether or not the last one has come, while it is entered.

    Attributes:
        seconds: by path, of each page that came.
        failed: how many did not, or with an error.
    """

    def __init__(self, session: aiohttp.ClientSession, *paths: str) -> None:
        self._session = session
        self.seconds: dict[str, list[float]] = {path: [] for path in paths}
        self.failed = 0

    async def __aenter__(self) -> "Sampler":
        self._task = asyncio.create_task(self._sample())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _sample(self) -> None:
        looks: list[asyncio.Task[None]] = []
        try:
            while True:
                looks += [asyncio.create_task(self._look(path)) for path in self.seconds]
                await asyncio.sleep(_EVERY)
        finally:
            await asyncio.gather(*looks)

    async def _look(self, path: str) -> None:
        began = time.monotonic()
        try:
            async with self._session.get(path) as page:
                await page.read()
        except (aiohttp.ClientError, TimeoutError):
            self.failed += 1
            return
        if page.status == httpx.codes.OK and page.url.path == path:
            self.seconds[path].append(time.monotonic() - began)
        else:
            self.failed += 1
