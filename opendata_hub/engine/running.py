"""Which containers run, asked once for all who want to know."""

import asyncio
from time import monotonic

from opendata_hub.engine.engine import Engine
from opendata_hub.engine.refusals import translated

_AGE = 1.0  # seconds


class Running:
    """
    The containers with a label that run on an engine.

    To look at each of a hundred servers every five seconds takes a tenth of a core; a list of all
    takes as long as three looks.
    """

    def __init__(self, engine: Engine, label: str) -> None:
        self._engine, self._label = engine, label
        self._asked = 0.0
        self._answer: asyncio.Task[frozenset[str]] | None = None

    async def has(self, container: str) -> bool:
        """
        Whether it runs, or did a second ago; all who ask within that second share the answer.

        Args:
            container: its id.

        Raises:
            EngineError, EngineUnreachable: the engine does not tell.
        """
        if self._answer is None or (self._answer.done() and monotonic() - self._asked > _AGE):
            self._asked = monotonic()
            self._answer = asyncio.create_task(self._ask())
        return container in await asyncio.shield(self._answer)

    async def _ask(self) -> frozenset[str]:
        with translated():
            found = await self._engine.call("containers", filters={"label": self._label})
        return frozenset(container["Id"] for container in found)
