"""One server's container, watched until its server answers, and until it ends."""

import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jupyterhub import __version__ as hub_version

from opendata_hub import diagnosis, progress
from opendata_hub.diagnosis import Death, Diagnosis
from opendata_hub.engine import Engine
from opendata_hub.engine.readiness import first_answer, works_with_hub
from opendata_hub.errors import EngineError
from opendata_hub.progress import Event
from opendata_hub.spawner.failures import Diagnosed

Address = tuple[str, int]


@dataclass(frozen=True)
class End:
    """How a container ended that was in use."""

    diagnosis: Diagnosis
    status: str
    """What the hub's ``poll`` answers."""


@dataclass(frozen=True)
class Watch:
    """Looks after one container; may raise what the engine raises."""

    engine: Engine
    container: str
    """Its id; empty before there is one."""
    image: str
    """What people call its image."""
    patience: float
    """Seconds that its server has to answer: the hub's ``start_timeout``."""
    lost_kernel: float | None
    """When it last ran out of memory and lived on, in seconds since 1970."""

    async def address(self, ask: Callable[[], Awaitable[Address]]) -> Address:
        """
        Return where the hub and the proxy reach it, as ``ask`` answers.

        Raises:
            Diagnosed: it has ended, and has no address any more.
        """
        try:
            ip, port = await ask()
        except Exception:
            await self._require_running()
            raise
        if not ip:
            await self._require_running()
        return ip, port

    async def first_answer(
        self, url: str, tell: Callable[[Event], None], seal: ssl.SSLContext | None = None
    ) -> None:
        """
        Wait until its server answers.

        Args:
            tell: told a few times a second how far it is.
            seal: to ask it with, where it is encrypted.

        Raises:
            Diagnosed: it has ended, or its server cannot log people in at a hub.
        """
        began = time.monotonic()

        async def look() -> None:
            await self._require_running()
            tell(progress.waiting(time.monotonic() - began, self.patience))

        if not works_with_hub(await first_answer(url, look, seal)):
            raise Diagnosed(diagnosis.knows_no_hub(self.image, hub_version))

    async def silence(self) -> Diagnosis:
        """Explain that it has not answered in time."""
        lines = ""
        with suppress(EngineError):  # it is silent, too
            lines = await self.engine.last_lines(self.container) if self.container else ""
        return diagnosis.silent(self.image, self.patience, lines)

    async def end(self) -> End | None:
        """Return how it ended; None while it runs."""
        container = await self.engine.container(self.container)
        if container is None:
            return End(diagnosis.gone(), "container is gone")
        if container["State"]["Running"]:
            return None
        death = await self._death(container)
        return End(diagnosis.ended_later(death), f"ExitCode={death.exit_code}")

    async def _require_running(self) -> None:
        container = await self.engine.container(self.container)
        if container is None:
            raise Diagnosed(diagnosis.gone())
        if not container["State"]["Running"]:
            raise Diagnosed(diagnosis.ended_at_start(self.image, await self._death(container)))

    async def _death(self, container: dict[str, Any]) -> Death:
        lines = await self.engine.last_lines(container["Id"])
        return Death.read(container, lines, self.lost_kernel)
