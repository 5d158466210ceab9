"""A start's turn: its place in the line of this hub, then its slot."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from opendata_hub import progress
from opendata_hub.clock import timeout
from opendata_hub.spawner.capacity import FULL, Capacity
from opendata_hub.startqueue import Place, StartQueue

_NEWS_EVERY = 1.0  # seconds; the expected ones count down


class NoRoom(Exception):
    """Nobody made room for the first in line, for longer than it may wait."""


class Line:
    """
    The line of a hub, with a slot for so many starts at a time.

    Args:
        capacity: of the machine; without it only the slots count.
    """

    def __init__(self, slots: int, capacity: Capacity | None = None) -> None:
        self.capacity = capacity
        self.queue = (
            StartQueue(slots, monotonic, capacity.reason)
            if capacity
            else StartQueue(slots, monotonic)
        )

    async def look(self) -> None:
        """See who has gone, and let in whom there is room for now."""
        if self.capacity:
            await self.capacity.look()
        self.queue.advance()


class Turn:
    """
    One start in a line. As a context it holds the slot, and gives it back whatever happens.

    Whoever makes one is in line at once.

    Args:
        user: whose start it is.
        name: of the server's container.
        memory: bytes that it is promised.
        late: it lets everybody else go first.
        since: when the user asked for it, in seconds of ``time.monotonic``.
    """

    def __init__(
        self, line: Line, user: str, name: str, memory: int, late: bool, since: float
    ) -> None:
        self._line = line
        self._ticket = line.queue.enter(user, name, memory, late, since)

    def hurry(self) -> None:
        """Its user is here, and waits."""
        self._line.queue.hurry(self._ticket)

    async def come(self, tell: Callable[[progress.Event], None], patience: float) -> None:
        """
        Wait for the slot, and tell the place meanwhile; a wait that breaks off gives it on.

        Raises:
            NoRoom: the first in line has waited for room for longer than ``patience`` seconds.
        """
        try:
            full_since = None
            while place := self._line.queue.place(self._ticket):
                tell(progress.in_line(place))
                full_since = _since(place, full_since)
                if full_since is not None and monotonic() - full_since > patience:
                    raise NoRoom
                with suppress(asyncio.TimeoutError):
                    async with timeout(_NEWS_EVERY):
                        await self._ticket.granted.wait()
                    return
                await self._line.look()
        except BaseException:
            self.end()
            raise

    def end(self, came_up: bool = False) -> None:
        """Give back place or slot; once is enough, twice does no harm."""
        if came_up and self._line.capacity:
            self._line.capacity.came_up(self._ticket)
        self._line.queue.leave(self._ticket, came_up)

    def __enter__(self) -> None:
        """Begin the start."""

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self.end(came_up=kind is None)


def _since(place: Place, before: float | None) -> float | None:
    """When the first in line began to wait for room."""
    if place.reason != FULL or place.number != 1:
        return None
    return before or monotonic()
