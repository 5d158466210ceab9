"""How full homes are, as it was last measured."""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from opendata_hub.errors import EngineError, StorageError
from opendata_hub.services.homes.gauge import Gauge, gauge
from opendata_hub.storage import Space, Storage, room
from opendata_hub.storage.room import Room

_TOLD, _COUNTED = 2.0, 300.0  # seconds for which a quota's word holds, and a count of files

log = logging.getLogger("opendata_hub.homes")


class Reading(NamedTuple):
    """What a home took, and when that was measured, by a clock that nobody sets."""

    space: Space
    clock: float


class Meter:
    """
    Measures homes: those with quotas at once, else by counting files, one home at a time.

    Its methods may raise ``StorageError`` and ``EngineError``, unless they say otherwise.
    """

    def __init__(self, storage: Storage, has_quota: bool) -> None:
        self.storage, self._has_quota = storage, has_quota
        self._readings: dict[str, Reading] = {}
        self._due: set[str] = set()
        self._somewhere: Path | None = None
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._has_complained = False

    def known(self, user: str) -> Space | None:
        """Return what was last measured of a home; None for nothing yet. Raises nothing."""
        reading = self._readings.get(user)
        return reading.space if reading else None

    async def look(self, user: str) -> Gauge:
        """Tell of a home as well as can be without waiting for a count."""
        if await self.storage.has(user):
            await self._look(user)
        return gauge(self.known(user), await self.disk(user))

    async def _look(self, user: str) -> None:
        if self._has_quota:
            await self.measure(user)
            return
        self._due.add(user)
        if user not in self._readings:
            self._wanted.set()

    async def disk(self, user: str) -> Room:
        """Look at the disk that a home is on; of who has none, that of others."""
        if await self.storage.has(user) or self._somewhere is None:
            self._somewhere = await self.storage.folder(user)
        return room.of_disk(self._somewhere)

    def note(self, user: str, total: int) -> None:
        """Take over what somebody else has counted; a quota knows better. Raises nothing."""
        if not self._has_quota:
            self._readings[user] = Reading(Space(total), time.monotonic())

    async def measure(self, user: str) -> bool:
        """Measure a home; return False, and do not, where that has just been done."""
        async with self._turn:
            known = self._readings.get(user)
            holds = _TOLD if self._has_quota else _COUNTED
            if known and time.monotonic() - known.clock < holds:
                return False
            space = await self.storage.space(user)
            self._readings[user] = Reading(space, time.monotonic())
            return True

    async def measure_anew(self, user: str) -> None:
        """Measure a home that has just changed."""
        await room.settle(await self.storage.folder(user))
        self._readings.pop(user, None)
        await self.measure(user)

    async def measure_due(self, users: Iterable[str]) -> None:
        """
        Measure the homes of these users, and of those whose turn had not come; raise nothing.

        Args:
            users: those whose homes may have changed.
        """
        self._due.update(users)
        for user in sorted(self._due):
            try:
                done = await self.measure(user)
            except (StorageError, EngineError) as error:
                self._complain(error)
                done = True
            if done:
                self._due.discard(user)

    async def rest(self, seconds: float) -> None:
        """Wait for so long, or until somebody asks for a home of which nothing is known."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), seconds)
        self._wanted.clear()

    def _complain(self, error: Exception) -> None:
        if not self._has_complained:
            log.warning("A home cannot be measured, nor can others of its kind: %s", error)
        self._has_complained = True
