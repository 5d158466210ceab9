"""What a container uses, by the engine's count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opendata_hub.engine.engine import Engine
from opendata_hub.engine.refusals import translated, understood


@dataclass(frozen=True)
class Usage:
    """
    What it uses now, and has used.

    Attributes:
        memory: bytes, without what the kernel can drop; None of one that does not run.
        cpu: seconds since it was started.
    """

    memory: int | None
    cpu: float


async def usage(engine: Engine, container: str) -> Usage:
    """
    Ask what a container uses: a few milliseconds of the engine's.

    Raises:
        EngineError: there is no such container, or the engine does not tell.
    """
    with translated():
        stats = await engine.call("stats", container, stream=False, one_shot=True)
    return read(stats)


def read(stats: Mapping[str, Any]) -> Usage:
    """
    Read what the engine counts of a container.

    Raises:
        EngineError: it is no such answer.
    """
    with understood():
        memory, cpu = stats.get("memory_stats"), stats["cpu_stats"]["cpu_usage"]["total_usage"]
        return Usage(_without_cache(memory) if memory else None, cpu / 1e9)


def _without_cache(stats: Mapping[str, Any]) -> int:
    more = stats.get("stats", {})  # the first is cgroup v1's name, the second v2's
    cache = more.get("total_inactive_file", more.get("inactive_file", 0))
    return max(0, int(stats.get("usage", 0)) - int(cache))
