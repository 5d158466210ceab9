"""Looks at the disks of servers for as long as the hub runs."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from opendata_hub.guard.blame import explains, suspect
from opendata_hub.guard.disk import Disk, Left
from opendata_hub.guard.floor import Floor, Level
from opendata_hub.guard.place import Place, halt
from opendata_hub.guard.scales import weigh
from opendata_hub.guard.watched import Known, Watched, spell

_FRESH = 120.0  # seconds for which it is good to know how much each server had
_APART = 0.5  # seconds between two weighings, where nothing was known before
_SOON = 0.1  # seconds, after which it shows already who writes as fast as a disk can
_LEAST = 20  # nobody is stopped who has taken less than one part in so many of what has to be left
_AT_A_TIME = 4
_FILES = 20  # one of so many files on a disk has to be left
_NEEDED = 0.5  # seconds to find and to stop who fills a disk
_REST = 2.0  # seconds, after a look that failed

log = logging.getLogger("opendata_hub.guard")


@dataclass(frozen=True)
class Case:
    """
    A server that has taken what is short.

    Attributes:
        container: its id.
        grown: bytes, or files, that it has taken within ``seconds``.
        files: whether files are what is short, and not bytes.
        weighed: whether that was seen; else it is what nobody else has taken.
    """

    container: str
    grown: int
    seconds: float
    files: bool
    weighed: bool = True

    def __str__(self) -> str:
        """What it has taken, and how fast."""
        text = f"{spell(self.grown, self.files)} in {max(1, round(self.seconds))} s"
        return text if self.weighed else f"{text} (by what the disk lost: it could not be counted)"


class Guard:
    """
    Watches disks; stops the server that fills one, before it is full.

    Args:
        disks: those that servers write to, with the bytes that have to be left on each.
        places: tells where each server that runs writes, by the id of its container.
        stop: has that server removed, whose processes have ended by then.
    """

    def __init__(
        self,
        disks: Mapping[Disk, int],
        places: Callable[[], Awaitable[Mapping[str, Place]]],
        stop: Callable[[Case], Awaitable[None]],
    ) -> None:
        self._places, self._stop = places, stop
        self._watched: list[Watched] = []
        self._known: Mapping[str, Place] = {}
        self._complaint = ""
        for disk, reserve in disks.items():
            self._watched.append(Watched(disk, False, Floor(reserve)))
            if files := disk.whole.files:
                self._watched.append(Watched(disk, True, Floor(files // _FILES)))

    async def watch(self) -> None:
        """Look for ever; a look that fails is told, and followed by the next."""
        while True:
            rest = _REST
            try:
                rest = await self.look()
            except Exception as error:  # a guard that has gone home is worse than a line in the log
                self._complain(f"The disks cannot be looked at: {error}")
            await asyncio.sleep(rest)

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            log.error(text)
        self._complaint = text

    async def look(self) -> float:
        """Look once, and do what has to be done; return in how many seconds to look again."""
        lasts = [_REST]
        for one in self._watched:
            left = await _left(one.disk)
            lasts.append(left.lasts)
            await self._mind(one, one.of(left))
        return min(lasts)

    async def _mind(self, one: Watched, left: int) -> None:
        level = one.floor.level(one.soon(left, _NEEDED))
        if level is Level.SHORT:
            await self._act(one, left)
        elif level is Level.CALM:
            one.known = None
        elif (one.known is None or one.known.age > _FRESH) and one.weighing is None:
            # The disk is looked at meanwhile.
            one.weighing = asyncio.ensure_future(self._learn(one))

    async def _learn(self, one: Watched) -> None:
        try:
            one.known = await self._weigh_all(one)
        finally:
            one.weighing = None

    async def _act(self, one: Watched, left: int) -> None:
        case = await self._find(one, left)
        if case:
            if place := self._known.get(case.container):
                halt(place, case.container)
            log.error("%s: server %.12s has taken %s", one.wording(left), case.container, case)
            await self._stop(case)
        else:
            log.error("%s, and it is no server that takes it", one.wording(left))
        one.known = None
        left = one.of(await _left(one.disk))
        if one.floor.level(left) is Level.SHORT:
            one.floor.lower(left)

    async def _find(self, one: Watched, left: int) -> Case | None:
        """Find who has grown most; where nothing shows it yet, by more looks within a moment."""
        if one.known and (case := await self._compare(one, one.known, left)):
            return case
        known = await self._weigh_all(one, one.known)
        case, since = None, time.monotonic()
        while case is None and (waited := time.monotonic() - since) < _APART:
            await asyncio.sleep(min(_SOON, _APART - waited))
            case = await self._compare(one, known, one.of(await _left(one.disk)))
        return case

    async def _compare(self, one: Watched, known: Known, left: int) -> Case | None:
        """Weigh again; for who explains half of what is gone the others need not wait."""
        gone, least = max(known.left - left, 0), one.floor.reserve // _LEAST
        grown: dict[str, int | None] = {}
        before = set(known.weights)
        async with aclosing(self._weights(one, known)) as weights:
            async for server, weight in weights:
                much = known.grown(server, weight)
                if much is not None and explains(much, gone, least):
                    return Case(server, much, known.age, one.files)
                grown[server] = None if self._hidden(one.disk, server) else much
        if grown.keys() - before:  # it may be one of those, who will be known at the next look
            return None
        if found := suspect(grown, gone, least):
            seen = grown[found[0]] is not None
            return Case(*found, known.age, one.files, weighed=seen)
        return None

    def _hidden(self, disk: Disk, server: str) -> bool:
        place = self._known.get(server)
        return disk.layers and place is not None and place.layer is None

    async def _weigh_all(self, one: Watched, before: Known | None = None) -> Known:
        known = Known(one.of(await _left(one.disk)))
        known.weights = {server: weight async for server, weight in self._weights(one, before)}
        return known

    async def _weights(
        self, one: Watched, before: Known | None
    ) -> AsyncGenerator[tuple[str, int | None], None]:
        """Yield the weight of each server, as soon as it is known."""
        turns = asyncio.Semaphore(_AT_A_TIME)

        async def of(server: str, place: Place) -> tuple[str, int | None]:
            if before and before.heavy(server):
                return server, None
            async with turns:
                return server, await weigh(place, one.disk, files=one.files)

        places = self._known = await self._places()
        tasks = [asyncio.ensure_future(of(*entry)) for entry in places.items()]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for left_over in tasks:
                left_over.cancel()


async def _left(disk: Disk) -> Left:
    return await asyncio.to_thread(disk.look)  # one on a share may make whoever asks wait
