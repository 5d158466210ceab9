"""From the engine's word that a container ran out of memory to the spawner whose it is."""

import asyncio
from typing import Protocol
from weakref import WeakValueDictionary

from opendata_hub.engine import OutOfMemory


class Listener(Protocol):
    """A spawner, as far as this room knows one."""

    async def ran_out_of_memory(self, event: OutOfMemory) -> None:
        """Take note."""


running: WeakValueDictionary[str, Listener] = WeakValueDictionary()
"""Spawners by the id of the container that they look after."""

_telling: set["asyncio.Task[None]"] = set()  # the loop itself holds tasks weakly only


def tell(event: OutOfMemory) -> None:
    """Tell the spawner of that container, if this hub has it."""
    spawner = running.get(event.container_id)
    if spawner is not None:
        task = asyncio.ensure_future(spawner.ran_out_of_memory(event))
        _telling.add(task)
        task.add_done_callback(_telling.discard)
