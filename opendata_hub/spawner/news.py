"""The news of one start, for everybody who looks, now or when they come back."""

import asyncio
from collections.abc import AsyncIterator

from opendata_hub.progress import Event


class News:
    """The latest news, and a bell for those who wait for the next; bound to no event loop."""

    def __init__(self) -> None:
        self._latest: Event | None = None
        self._bell = asyncio.Event()

    @property
    def latest(self) -> str:
        """What it says; empty before the first."""
        return self._latest["message"] if self._latest else ""

    def forget(self) -> None:
        """Begin a new start."""
        self._latest = None

    def tell(self, event: Event) -> None:
        """
        Give out an event, unless it says nothing new.

        The bar never falls: a pull's total grows while the engine finds more of it.
        """
        if self._latest is not None:
            event = {**event, "progress": max(event["progress"], self._latest["progress"])}
        if event != self._latest:
            self._latest = event
            rung, self._bell = self._bell, asyncio.Event()
            rung.set()

    async def follow(self) -> AsyncIterator[Event]:
        """Yield the latest, then each that comes; without end."""
        while True:
            bell, event = self._bell, self._latest
            if event is not None:
                yield event
            await bell.wait()
