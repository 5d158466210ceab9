"""From a disk that gets short to the spawner whose server takes it."""

import asyncio
import os
from collections.abc import Mapping
from logging import Logger
from pathlib import Path
from typing import Any, Protocol

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError, StorageError
from opendata_hub.guard import Case, Disk, Guard, Place, disks, layer_of, reserve
from opendata_hub.machine import daemon
from opendata_hub.spawner import out_of_memory
from opendata_hub.storage import Storage

_HIDDEN = (
    "The guard of the disks cannot see what server %.12s writes outside of its home and volumes, "
    "such as in /tmp: where this engine keeps that does not show on this machine. If others are "
    "like it, they are not named here."
)

_guards: dict[int, "asyncio.Task[None]"] = {}


class Minder(Protocol):
    """A spawner, as far as this room knows one."""

    user: Any
    log: Logger
    engine: Engine
    storage: Storage
    home_path: str
    disk_reserve: int | None

    async def filled_disk(self, case: Case) -> None:
        """Stop the server, now, and say so."""


def watch(spawner: Minder) -> None:
    """Have the disks of this spawner's engine and homes watched, as long as the hub runs."""
    if id(spawner.engine) not in _guards:
        _guards[id(spawner.engine)] = asyncio.ensure_future(_watch(spawner))


async def _watch(spawner: Minder) -> None:
    try:
        found = _disks(await spawner.engine.info(), spawner)
    except (EngineError, OSError) as error:
        spawner.log.error("The disks are not guarded, as they cannot be looked at: %s", error)
        _guards.pop(id(spawner.engine), None)  # the next look at a server tries again
        return
    if found:
        await Guard(found, _Places(spawner.engine).find, _stop).watch()
    spawner.log.warning(
        "The disks are not guarded: that takes a hub that runs as root on the engine's machine. "
        "One student can fill the disk of all."
    )


def _disks(info: Mapping[str, Any], spawner: Minder) -> dict[Disk, int]:
    """Disks with what has to be left on each; none where this process may not look."""
    layers = Path(info["DockerRootDir"])
    if os.geteuid() != 0 or not daemon.is_local() or not layers.is_dir():
        return {}
    found = disks(layers, Path(spawner.home_path) if spawner.home_path else None)
    return {disk: spawner.disk_reserve or reserve(disk.whole.bytes) for disk in found}


async def _stop(case: Case) -> None:
    spawner: Any = out_of_memory.running.get(case.container)
    if spawner is not None:
        await spawner.filled_disk(case)


class _Places:
    """Where servers of this hub write; the engine is asked once for each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Place] = {}
        self._complained = False

    async def find(self) -> Mapping[str, Place]:
        running: dict[str, Any] = {
            container: spawner
            for container, spawner in out_of_memory.running.items()
            if getattr(spawner, "object_id", "") == container
        }
        self._known = {one: place for one, place in self._known.items() if one in running}
        for container in running.keys() - self._known.keys():
            if place := await self._place(container, running[container]):
                self._known[container] = place
        return self._known

    async def _place(self, container: str, spawner: Minder) -> Place | None:
        try:
            facts = await self._engine.container(container)
        except EngineError:
            return None
        if not facts or not facts["State"]["Running"]:
            return None
        process = facts["State"]["Pid"]
        layer = await asyncio.to_thread(layer_of, process) or _told(facts)
        if layer is None and not self._complained:
            spawner.log.warning(_HIDDEN, container)
            self._complained = True
        return Place(layer, await _home(spawner), process)


def _told(facts: Mapping[str, Any]) -> Path | None:
    """Return what the engine itself tells of a layer, where it is there."""
    said = ((facts.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
    return Path(said) if said and Path(said).is_dir() else None


async def _home(spawner: Minder) -> Path | None:
    try:
        return await spawner.storage.folder(spawner.user.name)
    except (EngineError, StorageError):
        return None
