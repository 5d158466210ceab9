"""Memory of the engine's machine: how much there is, and what each server has of it."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError

from opendata_hub import homes
from opendata_hub.engine import lanes
from opendata_hub.engine.engine import Engine
from opendata_hub.engine.refusals import translated

PROMISED = f"{homes.LABEL}.memory"
"""Label of a server's container: the bytes that it was promised."""

_STATS = ThreadPoolExecutor(4, "engine-stats")
"""Few at a time: they must not hold up what takes milliseconds, such as the start that asks."""


@dataclass(frozen=True)
class Server:
    """A container with a promise of memory, in bytes."""

    id: str
    name: str
    promised: int


async def total(engine: Engine) -> int:
    """
    Bytes of memory that the engine's machine has.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        facts: dict[str, Any] = await engine.call("info")
    return int(facts["MemTotal"])


async def servers(engine: Engine) -> list[Server]:
    """
    Return the servers that run on the engine, those of other hubs included.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        found = await engine.call("containers", filters={"label": f"{homes.LABEL}.role=server"})
    return [
        Server(one["Id"], one["Names"][0].lstrip("/"), int(one["Labels"].get(PROMISED, 0)))
        for one in found
    ]


async def used(client: docker.APIClient, ids: list[str]) -> dict[str, int]:
    """
    Return the bytes that containers use, without what the kernel can drop; may take seconds.

    Those that end meanwhile, or whose engine does not answer, are left out.
    """
    found = await asyncio.gather(*(lanes.run(_STATS, _used, client, one) for one in ids))
    return {one: bytes_ for one, bytes_ in zip(ids, found, strict=True) if bytes_ is not None}


def _used(client: docker.APIClient, container: str) -> int | None:
    with suppress(APIError, OSError):
        stats = client.stats(container, stream=False, one_shot=True)["memory_stats"]
        return without_cache(stats) if stats else None
    return None


def without_cache(stats: Mapping[str, Any]) -> int:
    """Bytes that a container uses by the engine's count, less what the kernel can drop."""
    more = stats.get("stats", {})  # the first is cgroup v1's name, the second v2's
    cache = more.get("total_inactive_file", more.get("inactive_file", 0))
    return max(0, int(stats.get("usage", 0)) - int(cache))
