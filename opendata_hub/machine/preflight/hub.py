"""A stand-in for the hub: as much of its API as a server needs to start and to let one user in."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from opendata_hub.engine.servers import PORT
from opendata_hub.errors import MachineError

USER = "preflight"
PREFIX = f"/user/{USER}/"
_SCOPES = [f"access:servers!server={USER}/", f"access:servers!user={USER}"]


@dataclass(frozen=True)
class StandIn:
    """
    Where it is.

    Attributes:
        url: of its API, as containers reach it.
        token: the user's, and their server's own.
    """

    url: str
    token: str

    def environment(self) -> dict[str, str]:
        """What a hub tells a server of itself; also the names that old servers know."""
        return {
            "JUPYTERHUB_API_TOKEN": self.token,
            "JPY_API_TOKEN": self.token,
            "JUPYTERHUB_API_URL": self.url,
            "JUPYTERHUB_ACTIVITY_URL": f"{self.url}/users/{USER}/activity",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_USER": USER,
            "JUPYTERHUB_SERVER_NAME": "",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:{PORT}{PREFIX}",
            "JUPYTERHUB_CLIENT_ID": f"jupyterhub-user-{USER}",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}oauth_callback",
            "JUPYTERHUB_OAUTH_SCOPES": json.dumps(_SCOPES),
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(_SCOPES),
        }


@asynccontextmanager
async def stand_in(address: str) -> AsyncIterator[StandIn]:
    """
    Answer on a free port of this address of this machine.

    Raises:
        MachineError: the address is not this machine's, as with an engine elsewhere.
    """
    try:
        sockets = bind_sockets(0, address)
    except OSError:
        raise MachineError(
            f"This machine does not have the address {address} of its engine's network, so servers "
            "cannot reach a hub here; run the check on the machine that runs the engine."
        ) from None
    token = secrets.token_hex(16)
    server = HTTPServer(_application(token))
    server.add_sockets(sockets)
    try:
        yield StandIn(f"http://{address}:{sockets[0].getsockname()[1]}/hub/api", token)
    finally:
        server.stop()
        await server.close_all_connections()


def _application(token: str) -> Application:
    asks_who = {"token": token}
    return Application(
        [
            (r"/hub/api/?", _Api),
            (r"/hub/api/user", _Who, asks_who),
            (r"/hub/api/authorizations/token/(.+)", _Who, asks_who),  # before JupyterHub 2.0
            (r"/hub/api/users/.+/activity", _Activity),
        ],
        log_function=lambda handler: None,
    )


class _Api(RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("X-JupyterHub-Version", version("jupyterhub"))

    def get(self) -> None:
        self.write({"version": version("jupyterhub")})


class _Who(_Api):
    def initialize(self, token: str) -> None:
        self._token = token

    def get(self, asked: str = "") -> None:
        given = asked or self.request.headers.get("Authorization", "").rpartition(" ")[2]
        if not secrets.compare_digest(given, self._token):
            self.send_error(403)
            return
        self.write(
            {
                "kind": "user",
                "name": USER,
                "admin": False,
                "groups": [],
                "server": PREFIX,
                "pending": None,
                "scopes": _SCOPES,
                "session_id": None,
            }
        )


class _Activity(_Api):
    def post(self) -> None:
        self.write({})
