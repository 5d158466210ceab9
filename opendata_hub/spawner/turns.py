"""A start's turn: its place in the line of this hub, then its slot."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from time import monotonic

from opendata_hub import progress
from opendata_hub.startqueue import StartQueue

_NEWS_EVERY = 1.0  # seconds; the expected ones count down


@lru_cache
def line(slots: int) -> StartQueue:
    """Return the line of this hub, which all its spawners share."""
    return StartQueue(slots, monotonic)


class Turn:
    """
    One start in a line. As a context it holds the slot, and gives it back whatever happens.

    Whoever makes one is in line at once.
    """

    def __init__(self, queue: StartQueue, user: str) -> None:
        self._queue = queue
        self._ticket = queue.enter(user)

    async def come(self, tell: Callable[[progress.Event], None]) -> None:
        """Wait for the slot, and tell the place meanwhile; a wait that breaks off gives it on."""
        try:
            while place := self._queue.place(self._ticket):
                tell(progress.in_line(place))
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._ticket.granted.wait(), _NEWS_EVERY)
        except BaseException:
            self.end()
            raise

    def end(self, came_up: bool = False) -> None:
        """Give back place or slot; once is enough, twice does no harm."""
        self._queue.leave(self._ticket, came_up)

    def __enter__(self) -> None:
        """Begin the start."""

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self.end(came_up=kind is None)
