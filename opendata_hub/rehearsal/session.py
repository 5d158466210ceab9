"""One student's browser: logs in, presses Start, waits, opens the notebook, talks to a kernel."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from opendata_hub.machine.channel import Channel, connected
from opendata_hub.rehearsal.hub import ANSWER, browser, path_of, reason

_ASK_AGAIN = 0.5  # seconds; the hub says nothing of a start that it has not taken up yet


class Refused(Exception):
    """The hub, or the server, does not do what the student asks. Its text is the reason."""


class Session:
    """A student's browser, logged in by a token or, with :meth:`log_in`, by cookies."""

    def __init__(self, url: str, user: str, token: str | None = None) -> None:
        self.user = user
        headers = {"Authorization": f"token {token}"} if token else {}
        self._url = httpx.URL(url)
        self._http = browser(url, headers=headers)

    async def close(self) -> None:
        """Close the window."""
        await self._http.aclose()

    async def log_in(self, password: str) -> None:
        """
        Send the login form.

        Raises:
            Refused: it was refused.
        """
        await self._page("/hub/login?next=/hub/home")
        form = {"username": self.user, "password": password, "_xsrf": self._xsrf("/hub/login")}
        answer = await self._http.post(
            "/hub/login?next=/hub/home", data=form, headers={"Sec-Fetch-Mode": "navigate"}
        )
        if not answer.is_success or answer.url.path.endswith("/login"):
            raise Refused(f"the login page refuses the class password: {reason(answer)}")

    async def start(self, options: Mapping[str, str]) -> AsyncGenerator[dict[str, Any], None]:
        """
        Press Start, and yield the news of the start until the hub ends them.

        Raises:
            Refused: the start is refused.
            httpx.TransportError: the hub does not answer.
        """
        asking = asyncio.ensure_future(
            self._send("POST", f"{path_of(self.user)}/server", json=dict(options))
        )
        try:
            async for event in self._news(asking):
                yield event
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _news(self, asking: "asyncio.Future[httpx.Response]") -> AsyncIterator[Any]:
        """The stream is opened while the hub still answers the click: it takes up to 10 seconds."""
        while True:
            await asyncio.wait({asking}, timeout=_ASK_AGAIN)
            asked = asking.done()
            if asked and not asking.result().is_success:
                raise Refused(reason(asking.result()))
            path = f"{path_of(self.user)}/server/progress"
            async with self._http.stream("GET", path, headers=self._headers(path)) as stream:
                if stream.is_success:
                    async for line in stream.aiter_lines():
                        if line.startswith("data:"):
                            yield json.loads(line.removeprefix("data:"))
                    return
                if asked:
                    await stream.aread()
                    raise Refused(reason(stream))

    def address(self, path: str) -> str:
        """Return the whole address of a path that the hub tells."""
        return str(self._url.join(path))

    async def open(self, page: str) -> str:
        """
        Open what the student lands on; return its path in the end, after all redirections.

        Raises:
            Refused: there is no such page.
        """
        answer = await self._page(page)
        if answer.status_code != 200:
            raise Refused(f"the page {answer.url.path} answers with HTTP {answer.status_code}")
        return answer.url.path

    async def _page(self, path: str) -> httpx.Response:
        return await self._http.get(path, headers={"Sec-Fetch-Mode": "navigate"})

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """
        Send the server a request of its API, and return what it answers.

        Raises:
            Refused: it refuses.
        """
        answer = await self._send(method, path, json=body)
        if not answer.is_success:
            raise Refused(reason(answer))
        return answer.json()

    @asynccontextmanager
    async def channel(self, path: str) -> AsyncIterator[Channel]:
        """Open a kernel's channel."""
        request = self._http.build_request("GET", path, headers=self._headers(path))
        names = ("Authorization", "Cookie", "X-XSRFToken")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        url = str(request.url).replace("http", "ws", 1)
        async with connected(url, headers, ANSWER) as channel:
            yield channel

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self._http.request(method, path, headers=self._headers(path), **more)

    def _headers(self, path: str) -> dict[str, str]:
        """What the scripts of a page send along with each request."""
        xsrf = self._xsrf(str(self._http.build_request("GET", path).url.path))
        return {"X-XSRFToken": xsrf} if xsrf else {}

    def _xsrf(self, path: str) -> str:
        """Of the tokens that were set for parts of this site, that of the nearest part."""
        found = [
            cookie
            for cookie in self._http.cookies.jar
            if cookie.name == "_xsrf" and path.startswith(cookie.path)
        ]
        nearest = max(found, key=lambda cookie: len(cookie.path), default=None)
        return (nearest.value or "") if nearest else ""
