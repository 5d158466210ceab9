"""A server in its container, started as the hub starts it."""

import asyncio
import io
import json
import tarfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from docker.errors import NotFound
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders

from opendata_hub.engine import Engine, translated
from opendata_hub.engine.readiness import first_answer
from opendata_hub.engine.servers import PORT
from opendata_hub.homes import HOME
from opendata_hub.machine.preflight.hub import PREFIX
from opendata_hub.machine.subject import Subject
from opendata_hub.storage.furnishing import furnish

_FILE = "opendata-hub-check.txt"
_REQUEST = 30.0  # seconds for one answer of a server that runs
_LOOK_AGAIN = 0.1  # seconds
_LOOKS = 30


class Ended(Exception):
    """A container ended before its server answered, or did not answer. Its text is how."""

    def __init__(self, how: str, out_of_memory: bool = False) -> None:
        super().__init__(how)
        self.out_of_memory = out_of_memory


@dataclass(frozen=True)
class Server:
    """
    A server that answers.

    Attributes:
        url: with its prefix; ends with a slash.
        token: of its user.
    """

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return {"Authorization": f"token {self.token}"}

    async def ask(
        self, method: str, path: str, body: Any = None, patience: float = _REQUEST
    ) -> tuple[int, dict[str, Any]]:
        """
        Send one request.

        Returns:
            (status, answer): the answer is empty where it is no JSON object.

        Raises:
            OSError: no answer.
        """
        client = AsyncHTTPClient(force_instance=True)
        request = HTTPRequest(
            self.url + path,
            method,
            self.headers,
            None if body is None else json.dumps(body),
            request_timeout=patience,
            allow_nonstandard_methods=True,
        )
        try:
            response = await client.fetch(request, raise_error=False)
        finally:
            client.close()
        if response.code == 599:  # the library's own, for what is no answer
            raise ConnectionError(str(response.error or response.reason))
        return response.code, _object(response.body)


async def logged(engine: Engine, name: str, server: Server) -> None:
    """Wait until the engine has what a server has printed so far: it is late by a moment."""
    mark = uuid.uuid4().hex
    await server.ask("GET", f"api/contents/{mark}")  # 404, which servers write into their logs
    for _ in range(_LOOKS):
        if mark in await engine.last_lines(name):
            return
        await asyncio.sleep(_LOOK_AGAIN)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@asynccontextmanager
async def created(
    engine: Engine,
    subject: Subject,
    reference: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    network: str,
    **more: Any,
) -> AsyncIterator[str]:
    """
    Create a container as the hub does, on a fresh home; yield its id; remove both in the end.

    Args:
        reference: a name or id of the image that the engine knows.
        more: keywords of docker-py's ``create_container`` that win over the hub's.
    """
    common = subject.container("check", engine.client, home=None, network_mode=network)
    with translated():
        made = await engine.call(
            "create_container",
            reference,
            list(command),
            environment={**environment, **subject.variables()},
            ports=[PORT],
            **{**common, **more},
        )
    try:
        await furnish(engine, made["Id"], {}, None)
        yield made["Id"]
    finally:
        await engine.remove(made["Id"])


@dataclass(frozen=True)
class FirstAnswer:
    """Where a server is, what it answered with, and after how many seconds."""

    url: str
    headers: HTTPHeaders
    seconds: float


async def come_up(engine: Engine, name: str, network: str, patience: float) -> FirstAnswer:
    """
    Start a container and wait until its server answers, ``patience`` seconds at most.

    Raises:
        Ended: it has ended, or did not answer in time.
        EngineError: it cannot be started.
    """

    async def look() -> None:
        await _require_running(engine, name)

    began = time.monotonic()
    await engine.start(name)
    found = await _require_running(engine, name)
    address = found["NetworkSettings"]["Networks"][network]["IPAddress"]
    url = f"http://{address}:{PORT}{PREFIX}"
    try:
        headers = await asyncio.wait_for(first_answer(f"{url}api", look), patience)
    except asyncio.TimeoutError:
        raise Ended(f"it did not answer on port {PORT} within {patience:.0f} seconds") from None
    return FirstAnswer(url, headers, time.monotonic() - began)


async def ended(engine: Engine, name: str) -> None:
    """Wait until a container has ended."""
    with suppress(Ended):
        while True:
            await _require_running(engine, name)
            await asyncio.sleep(_LOOK_AGAIN)


async def _require_running(engine: Engine, name: str) -> dict[str, Any]:
    found = await engine.container(name)
    if found is None or not found["State"]["Running"]:
        raise _end(found)
    return found


def _end(found: dict[str, Any] | None) -> Ended:
    if found is None:
        return Ended("its container was removed from outside")
    if found["State"].get("OOMKilled"):
        return Ended("it used more than its memory, and was ended", out_of_memory=True)
    return Ended(f"it ended by itself, with exit code {found['State']['ExitCode']}")


async def saving_trouble(engine: Engine, name: str, server: Server) -> str:
    """Save a file as a notebook page does; say why it is not in the home then, or nothing."""
    file = {"type": "file", "format": "text", "content": "saved\n"}
    status, answer = await server.ask("PUT", f"api/contents/{_FILE}", file)
    if status not in (200, 201):
        return f"nothing can be saved: {answer.get('message') or f'HTTP {status}'}"
    if _FILE in await _files(engine, name):
        return ""
    return f"what people save is not in {HOME}, so it is lost when their server stops"


async def _files(engine: Engine, name: str) -> set[str]:
    """Names of the files in the home, in whatever folder."""
    with translated():
        try:
            pieces, _ = await engine.call("get_archive", name, HOME)
            whole = await asyncio.to_thread(lambda: b"".join(pieces))
        except NotFound:
            return set()
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        return {PurePosixPath(entry.name).name for entry in tar}
