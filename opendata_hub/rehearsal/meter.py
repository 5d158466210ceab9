"""What the machine does meanwhile: its processor and memory, and the students' containers."""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError
from opendata_hub.rehearsal.containers import Use, uses

EVERY = 1.0
"""Seconds between two looks at the machine."""

_CONTAINERS_EVERY = 5.0  # seconds; a class's containers cost the engine a second
_STAT, _MEMINFO = Path("/proc/stat"), Path("/proc/meminfo")
_KIB = 1024


@dataclass(frozen=True)
class Sample:
    """
    One look at the machine.

    Attributes:
        when: seconds since the class pressed Start; below 0 before.
        busy: CPU-seconds that all cores have worked since the machine started.
        memory: bytes in use, without what the kernel can drop.
    """

    when: float
    busy: float
    memory: int


def cores() -> int:
    """How many cores this machine has."""
    return os.cpu_count() or 1


def total_memory() -> int:
    """Bytes of memory that this machine has."""
    return _memory()["MemTotal"]


def look(when: float) -> Sample:
    """Look at the machine."""
    memory = _memory()
    return Sample(when, _busy(), memory["MemTotal"] - memory["MemAvailable"])


def _memory() -> dict[str, int]:
    lines = (line.split() for line in _MEMINFO.read_text("ascii").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * _KIB for words in lines}


def _busy() -> float:
    fields = _STAT.read_text("ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq = (int(field) for field in fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def shares_of(samples: Sequence[Sample], cores: int) -> list[tuple[float, float]]:
    """
    Return how much of the processor was at work, 0 to 1, up to each look: (when, share).

    Looks that follow closely on another tell nothing, as the system counts in hundredths.
    """
    shares: list[tuple[float, float]] = []
    before = None
    for sample in samples:
        if before is None or sample.when - before.when >= EVERY / 2:
            if before is not None:
                work = (sample.busy - before.busy) / (sample.when - before.when)
                shares.append((sample.when, min(1.0, work / cores)))
            before = sample
    return shares


class Meter:
    """
    Looks at the machine every second, and at the containers now and then, while it is open.

    Args:
        clock: seconds since the class pressed Start.
        users: whose containers count.
        engine: None where it is not to be had.
    """

    def __init__(
        self, clock: Callable[[], float], users: Collection[str], engine: Engine | None
    ) -> None:
        self._clock, self._users, self._engine = clock, users, engine
        self.samples: list[Sample] = []
        self.containers: list[tuple[float, list[Use]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Meter":
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._count())]
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self.note()
            await asyncio.sleep(EVERY)

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(_CONTAINERS_EVERY)
            await self.note_containers()

    def note(self) -> float:
        """Look at the machine now; return when that is."""
        self.samples.append(look(self._clock()))
        return self.samples[-1].when

    @property
    def is_elsewhere(self) -> bool:
        """Whether the engine had none of the containers."""
        return self._engine is not None and not self.containers

    async def note_containers(self) -> None:
        """Look at the containers now; an engine that does not tell is left alone."""
        if self._engine is None:
            return
        with suppress(EngineError):
            found = await uses(self._engine, self._users)
            if found:
                self.containers.append((self._clock(), found))
