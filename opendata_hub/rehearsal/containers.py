"""What the students' containers use, by the engine's count."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError

from opendata_hub import homes
from opendata_hub.engine import Engine, lanes, memory, translated

_USER = f"{homes.LABEL}.user"


@dataclass(frozen=True)
class Use:
    """
    What one student's container has and uses.

    Attributes:
        memory: bytes, without what the kernel can drop.
        promised: bytes that it was promised.
        cpu: seconds since it was started.
    """

    user: str
    memory: int
    promised: int
    cpu: float


async def uses(engine: Engine, users: Collection[str]) -> list[Use]:
    """
    Look at the containers of these users; those that end meanwhile are left out.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        label = f"{homes.LABEL}.role=server"
        running = await engine.call("containers", filters={"label": label})
    ours = [one for one in running if one["Labels"].get(_USER) in users]
    found = await asyncio.gather(*(_use(engine, one) for one in ours))
    return [use for use in found if use]


async def _use(engine: Engine, container: dict[str, Any]) -> Use | None:
    try:
        # The engine takes a second for each, in which a thread only waits.
        stats = await lanes.run(
            lanes.STOPS, engine.client.stats, container["Id"], stream=False, one_shot=True
        )
    except (APIError, OSError):
        return None
    if not stats.get("memory_stats"):
        return None
    labels = container["Labels"]
    return Use(
        labels[_USER],
        memory.without_cache(stats["memory_stats"]),
        int(labels.get(memory.PROMISED, 0)),
        stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
    )
