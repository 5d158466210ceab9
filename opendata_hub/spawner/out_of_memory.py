"""From the engine's word that a container ran out of memory to the spawner whose it is."""

import asyncio
from typing import Protocol
from weakref import WeakValueDictionary

from opendata_hub import homes
from opendata_hub.engine import Engine, OutOfMemory, archive

_NOTE = "Why my kernel stopped.txt"


class Listener(Protocol):
    """A spawner, as far as this room knows one."""

    async def ran_out_of_memory(self, event: OutOfMemory) -> None:
        """Take note."""


running: WeakValueDictionary[str, Listener] = WeakValueDictionary()
"""Spawners by the id of the container that they look after."""

_telling: dict[str, "asyncio.Task[None]"] = {}  # the loop itself holds tasks weakly only


def tell(event: OutOfMemory) -> None:
    """
    Tell the spawner of that container, if this hub has it.

    Not while it is being told of one before: the kernel's words come in bursts, and a note takes
    memory, too.
    """
    container, spawner = event.container_id, running.get(event.container_id)
    if spawner is not None and container not in _telling:
        task = _telling[container] = asyncio.ensure_future(spawner.ran_out_of_memory(event))
        task.add_done_callback(lambda _: _telling.pop(container))


async def leave_note(engine: Engine, container: str, text: str) -> None:
    """Put the reason where the student works: a file at the top of the home."""
    note = archive({_NOTE: f"{text}\n".encode()}, homes.UID, homes.GID)
    await engine.put(container, homes.HOME, note)
