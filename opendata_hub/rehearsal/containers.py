"""What the students' containers use, by the engine's count."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from opendata_hub import homes
from opendata_hub.engine import Engine, translated
from opendata_hub.engine.memory import PROMISED
from opendata_hub.engine.usage import usage
from opendata_hub.errors import EngineError

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
        running = await engine.call("containers", filters={"label": homes.SERVERS})
    ours = [one for one in running if one["Labels"].get(_USER) in users]
    found = await asyncio.gather(*(_use(engine, one) for one in ours))
    return [use for use in found if use]


async def _use(engine: Engine, container: dict[str, Any]) -> Use | None:
    try:
        used = await usage(engine, container["Id"])
    except EngineError:
        return None
    if used.memory is None:
        return None
    labels = container["Labels"]
    return Use(labels[_USER], used.memory, int(labels.get(PROMISED, 0)), used.cpu)
