"""Containers that an earlier run of this hub has left behind."""

import asyncio
from collections.abc import Collection
from typing import Any

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError


async def clear_away(engine: Engine, name: str, api_url: str, user: str) -> bool:
    """
    Make room for a container of this name, and return whether one was in the way.

    Args:
        api_url: of this hub, which its containers have in their environment.

    Raises:
        EngineError: it is of another hub or user, and stays.
    """
    container = await engine.container(name)
    if container is None:
        return False
    labels = container["Config"]["Labels"] or {}
    if not _is_of(api_url, container) or labels.get(f"{homes.LABEL}.user") != user:
        raise EngineError(
            f"a container named {name} exists that is not of this hub and user; "
            f"remove it with 'docker rm -f {name}', or give one of two hubs "
            "another DockerSpawner.prefix"
        )
    await engine.remove(container["Id"])
    return True


_sweeps: dict[int, "asyncio.Future[list[str]]"] = {}


async def sweep_once(engine: Engine, api_url: str, known: Collection[str]) -> list[str]:
    """
    Remove this hub's containers that it does not know: it was killed while they were starting.

    Only the first call of this process does so, before it has made containers of its own; all that
    come meanwhile wait for it.

    Args:
        known: ids of the containers in the hub's database.

    Returns:
        list[str]: names of the removed ones; empty for all calls but the first.
    """
    first = id(engine) not in _sweeps
    if first:
        _sweeps[id(engine)] = asyncio.ensure_future(_sweep(engine, api_url, known))
    removed = await asyncio.shield(_sweeps[id(engine)])
    return removed if first else []


async def _sweep(engine: Engine, api_url: str, known: Collection[str]) -> list[str]:
    removed = []
    for container_id in await engine.containers(f"{homes.LABEL}.role=server"):
        container = None if container_id in known else await engine.container(container_id)
        if container and _is_of(api_url, container):
            await engine.remove(container_id)
            removed.append(container["Name"].lstrip("/"))
    return removed


def _is_of(api_url: str, container: dict[str, Any]) -> bool:
    """Whether a container is of this hub, whose address it has in its environment."""
    return f"JUPYTERHUB_API_URL={api_url}" in (container["Config"]["Env"] or ())
