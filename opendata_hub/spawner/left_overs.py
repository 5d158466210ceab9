"""Containers that this hub has left behind: an earlier run of it, or one that lost its engine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError


async def clear_away(engine: Engine, name: str, api_url: str, user: str) -> bool:
    """
    Make room for a container of this name, and return whether one was in the way.

    From now on no sweep takes it for one that nobody knows, until it is discarded.

    Args:
        api_url: of this hub, which its containers have in their environment.

    Raises:
        EngineError: it is of another hub or user, and stays.
    """
    container = await engine.container(name)
    if container is None:
        _ours(engine).add(name)
        return False
    labels = container["Config"]["Labels"] or {}
    if not _is_of(api_url, container) or labels.get(f"{homes.LABEL}.user") != user:
        raise EngineError(
            f"a container named {name} exists that is not of this hub and user; "
            f"remove it with 'docker rm -f {name}', or give one of two hubs "
            "another DockerSpawner.prefix"
        )
    await engine.remove(container["Id"])
    _ours(engine).add(name)
    return True


_sweeps: dict[int, "asyncio.Future[list[str]]"] = {}
_made: dict[int, set[str]] = {}


def _ours(engine: Engine) -> set[str]:
    """Names of the containers on an engine that this process has made, and not discarded."""
    return _made.setdefault(id(engine), set())


async def discard(engine: Engine, container: str, name: str) -> bool:
    """
    Remove a container, and return whether that worked.

    Where it does not, as when the engine is away, the next start of any user sweeps it up.

    Args:
        container: its id; empty if nobody knows whether the engine has made it.
    """
    _ours(engine).discard(name)
    try:
        if container:
            await engine.remove(container)
            return True
    except EngineError:
        pass
    _sweeps.pop(id(engine), None)
    return False


async def sweep_once(
    engine: Engine, api_url: str, known: Callable[[], Collection[str]]
) -> list[str]:
    """
    Remove this hub's containers that it does not know: it was killed while they were starting.

    The first call of this process does so, and the first after one could not be discarded; all
    that come meanwhile wait for it.

    Args:
        known: tells the ids of the containers in the hub's database.

    Returns:
        list[str]: names of the removed ones; empty for all calls that found nothing to do.

    Raises:
        EngineUnreachable: the engine does not answer; the next call tries again.
    """
    first = id(engine) not in _sweeps
    if first:
        _sweeps[id(engine)] = asyncio.ensure_future(_sweep(engine, api_url, known()))
    removed = await asyncio.shield(_sweeps[id(engine)])
    return removed if first else []


async def _sweep(engine: Engine, api_url: str, known: Collection[str]) -> list[str]:
    try:
        return [name async for name in _swept(engine, api_url, known)]
    except EngineError:
        _sweeps.pop(id(engine), None)
        raise


async def _swept(engine: Engine, api_url: str, known: Collection[str]) -> AsyncIterator[str]:
    for container_id in await engine.containers(homes.SERVERS):
        container = None if container_id in known else await engine.container(container_id)
        if container is None or not _is_of(api_url, container):
            continue
        name = container["Name"].lstrip("/")
        if name not in _ours(engine) and await discard(engine, container_id, name):
            yield name


def _is_of(api_url: str, container: dict[str, Any]) -> bool:
    """Whether a container is of this hub, whose address it has in its environment."""
    return f"JUPYTERHUB_API_URL={api_url}" in (container["Config"]["Env"] or ())
