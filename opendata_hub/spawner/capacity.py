"""Memory for one server more: is what it is promised there?"""

import asyncio
from collections.abc import Sequence
from time import monotonic

from opendata_hub.engine import Engine, memory
from opendata_hub.engine.sharing import Shared
from opendata_hub.errors import EngineError
from opendata_hub.startqueue import Ticket

FULL = "The memory of this machine is taken by those who work now."
SILENT = "The container engine of this machine does not answer; your start goes on when it does."

_LOOK_EVERY = 0.5  # seconds; a class in line asks far more often, and each answer costs the engine
_MEASURE_EVERY = 5.0  # seconds, for a class
_MEASURE_EACH = 0.25  # seconds for each server, where there are more: it costs the engine some


class Capacity:
    """
    What is promised to servers, against what the machine has.

    A server counts with what it was promised or with what it uses, whichever is more; a start that
    has a slot counts with its promise. What the engine does not tell counts as nothing: then the
    kernel decides, inside a student's container.

    Args:
        reserve: bytes for the hub, its proxy, the engine and the system.
    """

    def __init__(self, engine: Engine, reserve: int) -> None:
        self._engine, self._reserve = engine, reserve
        self._total: int | None = None
        self._servers: list[memory.Server] = []
        self._used: dict[str, int] = {}
        self._measured = 0.0
        self._looking = Shared(self._look, _LOOK_EVERY)
        self._measuring: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Learn what runs now, or did a moment ago; what each uses is measured beside."""
        await self._looking()

    async def _look(self) -> None:
        try:
            if self._total is None:
                self._total = await memory.total(self._engine)
            self._servers = await memory.servers(self._engine)
        except EngineError:
            return  # the line says so, or the start itself
        if monotonic() - self._measured > max(_MEASURE_EVERY, _MEASURE_EACH * len(self._servers)):
            self._measured = monotonic()
            self._measuring = asyncio.create_task(self._measure())

    async def _measure(self) -> None:
        ids = [server.id for server in self._servers if server.id]
        self._used = await memory.used(self._engine, ids)

    def came_up(self, ticket: Ticket) -> None:
        """Count a server that the last look has not seen."""
        if all(server.name != ticket.name for server in self._servers):
            self._servers.append(memory.Server("", ticket.name, ticket.memory))

    def reason(self, ticket: Ticket, starting: Sequence[Ticket]) -> str:
        """Say why a start cannot be let in now; empty if it can."""
        if not self._engine.answers:
            return SILENT
        if self._total is None:
            return ""
        wanted = self._taken(starting) + ticket.memory + self._reserve
        return FULL if wanted > self._total else ""

    def never_fits(self, wanted: int) -> bool:
        """Whether a promise is more than the machine has, even with nobody else on it."""
        return self._total is not None and wanted + self._reserve > self._total

    def _taken(self, starting: Sequence[Ticket]) -> int:
        names = {ticket.name for ticket in starting}
        running = (s for s in self._servers if s.name not in names)
        counted = (max(s.promised, self._used.get(s.id, 0)) for s in running)
        return sum(counted) + sum(ticket.memory for ticket in starting)
