"""What a server weighs on the processor: after a while less than those that start, and the hub."""

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError

LATER = 64
"""CPU shares, of the 1024 that a container has at first. Twenty computing kernels weigh 1280
together: so a start gets nearly half of the processor among them, and among three hundred a
twentieth. Between themselves they weigh the same."""


@dataclass
class Weight:
    """
    Of one spawner's container, whichever that is by now.

    Attributes:
        at_first: seconds in which it weighs as any process does, and its first kernel starts.
    """

    at_first: float = 10.0
    _container: str = ""
    _since: float = 0.0
    _is_settled: bool = False

    async def settle(self, engine: Engine, container: str) -> None:
        """
        Make a container light when its time has come; called every few seconds while it runs.

        One whose shares the operator has set keeps them. An engine that refuses is not asked again:
        the server goes on as it is.
        """
        if container != self._container:
            self._container, self._since, self._is_settled = container, monotonic(), False
        if self._is_settled or monotonic() - self._since < self.at_first:
            return
        self._is_settled = True
        with suppress(EngineError):
            facts = await engine.container(container)
            if facts and not facts["HostConfig"]["CpuShares"]:
                await engine.weigh(container, LATER)
