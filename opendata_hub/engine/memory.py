"""Memory of the engine's machine: how much there is, and what each server has of it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from opendata_hub import homes
from opendata_hub.engine.engine import Engine
from opendata_hub.engine.refusals import translated, understood
from opendata_hub.engine.usage import usage
from opendata_hub.errors import EngineError

PROMISED = f"{homes.LABEL}.memory"
"""Label of a server's container: the bytes that it was promised."""


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
    return int((await engine.info())["MemTotal"])


async def servers(engine: Engine) -> list[Server]:
    """
    Return the servers that run on the engine, those of other hubs included.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        found = await engine.call("containers", filters={"label": homes.SERVERS})
    return list(map(read, found))


def read(container: Mapping[str, Any]) -> Server:
    """
    Read an entry of the engine's list; a promise that is no number, on a label, is none.

    Raises:
        EngineError: it is no such entry.
    """
    with understood():
        promised = str(container["Labels"].get(PROMISED, ""))
        size = int(promised) if promised.isascii() and promised.isdecimal() else 0
        return Server(str(container["Id"]), str(container["Names"][0]).lstrip("/"), size)


async def used(engine: Engine, ids: list[str]) -> dict[str, int]:
    """
    Return the bytes that containers use, without what the kernel can drop.

    Those that end meanwhile, or whose engine does not answer, are left out.
    """
    found = await asyncio.gather(*(_used(engine, one) for one in ids))
    return {one: bytes_ for one, bytes_ in zip(ids, found, strict=True) if bytes_ is not None}


async def _used(engine: Engine, container: str) -> int | None:
    with suppress(EngineError):
        return (await usage(engine, container)).memory
    return None
