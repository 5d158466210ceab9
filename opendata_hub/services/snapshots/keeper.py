"""The work of the service: at each hour or night it looks at every home."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timezone
from time import monotonic

from opendata_hub.errors import EngineError, StorageError
from opendata_hub.storage import Home, NoRoom, Rule, Snapshots, Storage

_LOOK = 20.0  # seconds between two looks at the clock, which somebody may set

log = logging.getLogger("opendata_hub.snapshots")


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Keeper:
    """
    Keeps states of homes by a rule, one home after the other.

    Args:
        clock: tells the time, with its zone.
    """

    def __init__(
        self,
        storage: Storage,
        snapshots: Snapshots,
        rule: Rule,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._storage, self._snapshots, self._rule = storage, snapshots, rule
        self._clock = clock
        self._told = ""  # why nothing can be done at all

    async def run(self) -> None:
        """Work for ever."""
        done: datetime | None = None
        while True:
            now = self._clock()
            if done != self._rule.period(now) and await self.round(now):
                done = self._rule.period(now)
            await asyncio.sleep(_LOOK)

    async def round(self, now: datetime) -> bool:
        """
        Look at all homes once.

        Returns:
            bool: whether that was all; else it is to be done again soon.
        """
        began = monotonic()
        try:
            found = await self._storage.homes()
            if await self._may_read(found):
                await self._snapshots.prepare()
                for home in found:
                    await self._look_after(home.user, now)
                log.info("Looked at all homes in %.1f s: %d", monotonic() - began, len(found))
        except EngineError as error:
            log.error("Homes cannot be looked at now: %s", error)
            return False
        except StorageError as error:
            log.error("No more states are kept for now: %s", error)
        return True

    async def _may_read(self, found: list[Home]) -> bool:
        """Whether there is a home that can be read; if there is none, that is said once."""
        reason = ""
        for home in found:
            try:
                await self._storage.folder(home.user)
                return True
            except StorageError as error:
                reason = str(error)
        if reason and not self._told:
            log.error("No states of homes are kept. %s", reason)
            self._told = reason
        return False

    async def _look_after(self, user: str, now: datetime) -> None:
        try:
            taken = await self._snapshots.taken(user)
            if self._rule.is_due(now, taken):
                log.info("%s: %s", user, await self._take(user, now, taken))
            await self._thin_out(user, now)
        except NoRoom:
            raise
        except (StorageError, OSError) as error:
            log.error("%s: no state is kept: %s", user, error)

    async def _take(self, user: str, now: datetime, taken: list[datetime]) -> str:
        if await self._snapshots.take(user, now):
            return "kept as it is now"
        return f"nothing has changed since {_told(max(taken))}" if taken else "nothing to keep"

    async def _thin_out(self, user: str, now: datetime) -> None:
        taken = await self._snapshots.taken(user)
        for moment in sorted(set(taken) - self._rule.kept(now, taken)):
            await self._snapshots.drop(user, moment)
            log.info("%s: the state of %s goes", user, _told(moment))


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
