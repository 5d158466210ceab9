"""The one answer of a hub that the images service asks for, from a server of a test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

TOKEN = "token-of-the-service"


class HubApi:
    """
    Lists users as a hub does, one per page.

    Attributes:
        starting: ``user_options`` of each server that is starting; may be changed at any time.
        asked: requests so far.
    """

    url: str

    def __init__(self) -> None:
        self.starting: list[Any] = []
        self.asked = 0

    def page(self, offset: int) -> dict[str, Any]:
        """One page of the list."""
        servers = [{"pending": "spawn", "user_options": options} for options in self.starting]
        pages = [{"servers": {"": {"pending": None, "user_options": {"custom_image": "up:1"}}}}]
        pages += [{"servers": {"": server}} for server in servers]
        more = offset + 1 < len(pages)
        following = {"next": {"offset": offset + 1} if more else None}
        return {"items": pages[offset : offset + 1], "_pagination": following}


class _Users(web.RequestHandler):
    def initialize(self, hub: HubApi) -> None:
        self.hub = hub

    def get(self) -> None:
        self.hub.asked += 1
        assert self.request.headers["Authorization"] == f"token {TOKEN}"
        assert self.get_query_argument("state") == "active"
        self.finish(self.hub.page(int(self.get_query_argument("offset"))))


@asynccontextmanager
async def hub_api() -> AsyncIterator[HubApi]:
    """Serve it in the running loop."""
    hub = HubApi()
    socket, port = bind_unused_port()
    server = HTTPServer(web.Application([("/hub/api/users", _Users, {"hub": hub})]))
    server.add_socket(socket)
    hub.url = f"http://127.0.0.1:{port}/hub/api"
    try:
        yield hub
    finally:
        server.stop()
        await server.close_all_connections()
