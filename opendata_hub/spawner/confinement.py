"""The rules of a server's container, applied to DockerSpawner, and what the engine knows it by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

from opendata_hub import homes
from opendata_hub.catalogue import Image
from opendata_hub.engine.memory import PROMISED
from opendata_hub.engine.servers import container, host_config
from opendata_hub.spawner import holes


def labels(user: str, server: str, image: str, promised: int) -> dict[str, str]:
    """
    Labels of a server's container.

    Args:
        image: its slug, empty for an image of one's own.
        promised: bytes of memory.
    """
    label = homes.LABEL
    return {
        f"{label}.role": "server",
        f"{label}.user": user,
        f"{label}.server": server,
        f"{label}.image": image,
        PROMISED: str(promised),
    }


@asynccontextmanager
async def applied(spawner: Any, entry: Image | None) -> AsyncIterator[None]:
    """Have DockerSpawner, within this context, create its container confined and labelled."""
    operators = spawner.extra_create_kwargs, spawner.extra_host_config
    create, host = [await _resolved(spawner, value) for value in operators]
    slug = entry.slug if entry else ""
    known_by = labels(spawner.user.name, spawner.name, slug, spawner.promise()[1])
    limits, info = (spawner.mem_limit, spawner.process_limit), await spawner.engine.info()
    holes.tell(spawner.log, info, _sources(spawner))
    spawner.extra_create_kwargs = container(known_by, create)
    spawner.extra_host_config = host_config(entry, *limits, host, info)
    try:
        yield
    finally:
        spawner.extra_create_kwargs, spawner.extra_host_config = operators


def _sources(spawner: Any) -> list[str]:
    """Paths, and names of volumes, that the operator has servers mount."""
    mounts = [str(mount.get("source", "")) for mount in spawner.mounts if isinstance(mount, dict)]
    return [*spawner.volumes, *spawner.read_only_volumes, *mounts]


async def _resolved(spawner: Any, value: Any) -> dict[str, Any]:
    """Value of a DockerSpawner trait that may be a callable, even an async one."""
    value = value(spawner) if callable(value) else value
    return dict(await value if isawaitable(value) else value)
