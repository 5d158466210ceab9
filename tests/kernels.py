"""A kernel of a user's server, spoken to as a notebook page does: REST and a websocket."""

import json
import ssl
import uuid
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect


class Hub(Protocol):
    """A hub, as far as it takes one to reach a server."""

    url: str
    token: str


class Kernel:
    """
    One kernel behind hub and proxy.

    Args:
        trust: of an https address.
    """

    def __init__(
        self, hub: Hub, user: str, server: str = "", trust: ssl.SSLContext | None = None
    ) -> None:
        self._trust = trust
        self.headers = {"Authorization": f"token {hub.token}"}
        path = f"/user/{quote(user)}/{server}".rstrip("/")
        self.base = f"{hub.url}{path}/api"
        answer = httpx.post(
            f"{self.base}/kernels", headers=self.headers, timeout=60, verify=trust or True
        )
        self.id = answer.raise_for_status().json()["id"]

    async def begin(self, code: str) -> None:
        """Have code running, and leave."""
        socket = await self._connect()
        try:
            await socket.write_message(json.dumps(_request(uuid.uuid4().hex, code)))
            while json.loads(await socket.read_message())["msg_type"] != "execute_input":
                pass
        finally:
            await _close(socket)

    async def run(self, code: str) -> str:
        """
        Run code and return what it printed, or the traceback.

        Raises:
            ConnectionError: the kernel died; the text is what the server said of it.
        """
        socket = await self._connect()
        try:
            message_id = uuid.uuid4().hex
            await socket.write_message(json.dumps(_request(message_id, code)))
            return await _output(socket, message_id)
        finally:
            await _close(socket)

    async def _connect(self) -> Any:
        url = f"ws{self.base.removeprefix('http')}/kernels/{self.id}/channels"
        request = HTTPRequest(url, headers=self.headers, ssl_options=self._trust)
        return await websocket_connect(request)


async def _close(socket: Any) -> None:
    socket.close()
    while await socket.read_message() is not None:
        pass  # until the other side has closed too: nothing is left open


def _request(message_id: str, code: str) -> dict[str, Any]:
    header = {"msg_id": message_id, "msg_type": "execute_request", "username": "", "session": "s",
              "date": "", "version": "5.3"}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content,
            "channel": "shell", "buffers": []}  # fmt: skip


async def _output(socket: Any, message_id: str) -> str:
    printed = ""
    while (raw := await socket.read_message()) is not None:
        message = json.loads(raw)
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] in ("restarting", "dead"):
            raise ConnectionError(content["execution_state"])
        if message["parent_header"].get("msg_id") != message_id:
            continue
        if kind == "stream":
            printed += content["text"]
        elif kind == "error":
            printed += "\n".join(content["traceback"])
        elif kind == "status" and content["execution_state"] == "idle":
            return printed
    raise ConnectionError("the server closed the connection")
