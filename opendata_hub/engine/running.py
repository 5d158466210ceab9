"""Which servers run, asked once for all who want to know."""

from opendata_hub.engine import memory
from opendata_hub.engine.engine import Engine
from opendata_hub.engine.sharing import Shared

_AGE = 1.0  # seconds


class Running:
    """
    The servers that run on an engine, those of other hubs included.

    To look at each of a hundred servers every five seconds takes a tenth of a core; a list of all
    takes as long as three looks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ids = Shared(self._ask, _AGE)

    async def has(self, container: str) -> bool:
        """
        Whether it runs, or did a second ago.

        Args:
            container: its id.

        Raises:
            EngineError, EngineUnreachable: the engine does not tell.
        """
        return container in await self._ids()

    async def _ask(self) -> frozenset[str]:
        return frozenset(server.id for server in await memory.servers(self._engine))
