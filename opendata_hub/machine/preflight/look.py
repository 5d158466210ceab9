"""One look at an image: started as the hub would, asked as a student's page would."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import version

import docker

from opendata_hub.engine import Engine, ensure_network
from opendata_hub.engine.servers import command
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.homes import LABEL
from opendata_hub.machine import Say
from opendata_hub.machine.access import DIRECT, Access
from opendata_hub.machine.preflight import kernels
from opendata_hub.machine.preflight.facts import Down, Facts, Program, Up
from opendata_hub.machine.preflight.hub import StandIn, stand_in
from opendata_hub.machine.preflight.server import (
    Ended,
    Server,
    come_up,
    created,
    ended,
    logged,
    saving_trouble,
)
from opendata_hub.machine.subject import Subject

PATIENCE = 60.0
"""Seconds that a server has to answer: JupyterHub's own ``start_timeout``."""

_PROGRAM = "jupyterhub-singleuser"
_PROGRAM_PATIENCE = 60  # seconds, for all its imports on a slow disk
_VERSION = re.compile(r"^\s*(\d+\.\d+\S*)\s*$", re.MULTILINE)
_REQUEST = re.compile(r"\b(GET|PUT|POST|DELETE) /user/|^ +[\"{}]|wrote error: |ServerApp\] \{$")
_LINES_READ, _LINES = 200, 20


def look(
    client: docker.DockerClient,
    subject: Subject,
    network: str,
    say: Say,
    access: Access = DIRECT,
    patience: float = PATIENCE,
) -> Facts:
    """
    Start an image's server as the hub would, and see what works.

    The image is built or pulled where it is not here, and stays; nothing else does.

    Args:
        network: the one that the hub's servers stand on; made where it is missing.
        patience: seconds that the server has to answer.

    Raises:
        MachineError: the image cannot be had, or the engine is not on this machine.
        EngineError: the engine does not do what it does for every image.
    """
    reference = subject.have(client, say, access)
    gateway = ensure_network(network, {f"{LABEL}.role": "network"})
    trial = _Trial(Engine(client.api), subject, reference, network, say, patience)
    return asyncio.run(trial.facts(gateway))


@dataclass(frozen=True)
class _Trial:
    engine: Engine
    subject: Subject
    reference: str
    network: str
    say: Say
    patience: float

    async def facts(self, gateway: str) -> Facts:
        image = await self.engine.image(self.reference)
        words = await command(self.engine, self.reference)
        async with stand_in(gateway) as hub:
            server = await self._start(hub, words)
        knows_hub = isinstance(server, Up) and server.jupyterhub is not None
        return Facts(
            self.subject,
            hub=version("jupyterhub"),
            size=int(image["Size"]),
            user=image["Config"].get("User") or "root",
            command=tuple(words),
            server=server,
            program=None if knows_hub else await self._program(),
        )

    async def _start(self, hub: StandIn, words: list[str]) -> Up | Down:
        self.say(f"Starting {self.subject.name} as the hub would")
        environment = {**hub.environment(), "JUPYTERHUB_DEFAULT_URL": self._page}
        async with self._created(words, environment, self.network) as container:
            try:
                up = await come_up(self.engine, container, self.network, self.patience)
            except EngineUnreachable:
                raise
            except (Ended, EngineError) as error:
                out_of_memory = isinstance(error, Ended) and error.out_of_memory
                return Down(str(error), await self._lines(container), out_of_memory)
            jupyterhub = up.headers.get("X-JupyterHub-Version")
            if jupyterhub is None:
                return Up(up.seconds, None)
            return await self._use(container, Server(up.url, hub.token), up.seconds, jupyterhub)

    def _created(
        self, words: list[str], environment: Mapping[str, str], network: str, **more: str
    ) -> AbstractAsyncContextManager[str]:
        return created(
            self.engine, self.subject, self.reference, words, environment, network, **more
        )

    async def _use(
        self, container: str, server: Server, seconds: float, jupyterhub: str
    ) -> Up | Down:
        """Do what a student does: save, open the first page, run code."""
        try:
            self.say("Saving a file, opening the first page, starting each kernel")
            home = await saving_trouble(self.engine, container, server)
            status, _ = await server.ask("GET", self._page.lstrip("/"))
            found = await kernels.try_all(server)
            failed = any(kernel.trouble for kernel in found)
            lines = await self._lines(container, server) if failed else ""
        except OSError as error:
            reason = f"it answered after {seconds:.1f} seconds, and then no more: {error}"
            return Down(reason, await self._lines(container))
        return Up(seconds, jupyterhub, home, self._page, status, found, lines)

    async def _lines(self, container: str, server: Server | None = None) -> str:
        """Last lines that it printed, without those about requests."""
        if server:
            await logged(self.engine, container, server)
        lines = (await self.engine.last_lines(container, _LINES_READ)).splitlines()
        return "\n".join([line for line in lines if not _REQUEST.search(line)][-_LINES:])

    @property
    def _page(self) -> str:
        return self.subject.image.default_url

    async def _program(self) -> Program:
        self.say(f"Looking for {_PROGRAM} in it")
        return Program(student=await self._version(), root=await self._version(user="0:0"))

    async def _version(self, **user: str) -> str | None:
        """Ask the program for its version, within what the image's entry point sets up for it."""
        asked = [_PROGRAM, "--version"]
        async with self._created(asked, {}, "none", **user) as container:
            try:
                await self.engine.start(container)
                await asyncio.wait_for(ended(self.engine, container), _PROGRAM_PATIENCE)
            except EngineUnreachable:
                raise
            except (EngineError, asyncio.TimeoutError):
                return None
            found = _VERSION.search(await self.engine.last_lines(container))
            return found[1] if found else None
