"""The service ``https`` as the hub runs it, with something in the hub's place behind it."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from cryptography import x509

from opendata_hub.machine import handshake
from opendata_hub.services.https.config import VARIABLE, Config
from opendata_hub.services.https.places import Places
from tests.hubs import PATIENCE, wait_for
from tests.ports import free_ports

HOST = "hub.localtest"


class House:
    """
    The service at an address of its own, on loopback.

    Args:
        more: of its configuration, beside ports and folder.
    """

    def __init__(self, folder: Path, hub: int, **more: Any) -> None:
        port, http_port = free_ports(2)
        told = {"host": HOST, "port": port, "http_port": http_port, "listen": "127.0.0.1"}
        told |= {"hub": hub, "folder": folder / "caddy", "pause": 0.2, **more}
        self.config = Config(**told)
        self.places = Places(self.config.folder)
        self.log_file = folder / "https.log"
        self.http = f"http://127.0.0.1:{self.config.http_port}"

    def run(self) -> None:
        """Start it."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "opendata_hub.services.https"],
                env={**os.environ, VARIABLE: self.config.model_dump_json()},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it, as the hub or the system does."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE)

    @property
    def log(self) -> str:
        """What it has said."""
        return self.log_file.read_text("utf-8", "replace")

    def wait_until_told(self, words: str) -> None:
        """Wait for a problem that has these words."""
        wait_for(lambda: words in self.problem, f"it is told that {words}; but {self.log}")

    @property
    def problem(self) -> str:
        """What start and doctor are told."""
        file = self.places.problem
        return file.read_text("utf-8") if file.exists() else ""

    def wait_until_open(self, other_than: x509.Certificate | None = None) -> x509.Certificate:
        """Wait until it shows a certificate, which is another one than that; return it."""

        def look() -> x509.Certificate | None:
            shown = self.shown()
            return None if shown == other_than else shown

        found: x509.Certificate = wait_for(look, f"https is open; its log:\n{self.log}")
        return found

    def shown(self) -> x509.Certificate | None:
        """The certificate that it shows, if it shows one."""
        try:
            return handshake.shown(self.config.host, self.config.port, "127.0.0.1")
        except OSError:
            return None

    def client(self, roots: str | Path, **more: Any) -> httpx.Client:
        """A browser that trusts these roots alone."""
        file, data = (roots, None) if isinstance(roots, Path) else (None, roots)
        trust = ssl.create_default_context(cafile=file, cadata=data)
        return _Client(self.config, trust, **more)


class _Client(httpx.Client):
    """Asks loopback, whatever the name of the host means elsewhere."""

    def __init__(self, config: Config, trust: ssl.SSLContext, **more: Any) -> None:
        self._name = config.host
        base = f"https://127.0.0.1:{config.port}"
        headers = {"Host": f"{config.host}:{config.port}"}
        super().__init__(base_url=base, verify=trust, headers=headers, timeout=PATIENCE, **more)

    def request(self, *arguments: Any, **more: Any) -> httpx.Response:
        more["extensions"] = {"sni_hostname": self._name}
        return super().request(*arguments, **more)


@contextmanager
def running(house: House) -> Iterator[House]:
    """Run it; at the end nothing of it is left."""
    house.run()
    try:
        yield house
    finally:
        if house.process.poll() is None:
            house.end()
        print(house.log)


@contextmanager
def standing_in() -> Iterator[int]:
    """Something in the hub's place: it tells what it was asked. Yields its port on loopback."""
    (port,) = free_ports(1)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_listen(port), loop).result(PATIENCE)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(port: int) -> web.AppRunner:
    application = web.Application(client_max_size=2**30)
    application.router.add_get("/user/anna/channels", _echo)
    application.router.add_route("*", "/{path:.*}", _tell)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def _tell(request: web.Request) -> web.Response:
    size = len(await request.read())
    told = {"headers": dict(request.headers), "size": size, "path": request.raw_path}
    banners = {"Server": "TornadoServer/6.5", "X-JupyterHub-Version": "6.1.1", "Via": "1.1 x"}
    own = "frame-ancestors 'none'"
    if "lost" in request.query:  # as the hub's proxy says it, before the hub is there, and after
        words = {} if request.query["lost"] == "by proxy" else banners
        return web.Response(status=404, text="Jupyter has lots of moons", headers=words)
    if "framed" in request.query:
        banners["Content-Security-Policy"] = own
    answer = web.Response(text=json.dumps(told), headers=banners)
    answer.set_cookie("plain", "1")
    answer.set_cookie("session", "1", secure=True, path="/user/anna")
    return answer


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"heard {message.data}")
    return socket
