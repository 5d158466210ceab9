"""What a start goes through before it may begin: preparation, the line, and news for who waits."""

import asyncio
import os
from collections.abc import AsyncIterator
from functools import lru_cache
from time import monotonic
from typing import Any

from jupyterhub.utils import maybe_future
from traitlets import Float, Integer, default
from traitlets.config import Configurable

from opendata_hub import diagnosis, progress
from opendata_hub.spawner.news import News
from opendata_hub.spawner.request import is_ahead
from opendata_hub.spawner.turns import Line, NoRoom, Turn


class Waiting(Configurable):
    """
    The line and the news; a part of every spawner of ours.

    The spawner gives ``prepare``, ``fail`` and ``choice_name``, and may give ``line`` and
    ``promise``.
    """

    start_slots = Integer(
        min=1,
        config=True,
        help="""
        How many servers may start at a time; the others wait in line, first come first served.

        A start is work for the processor: more at a time take longer each. Cores + 1 unless set.
        """,
    )

    @default("start_slots")
    def _one_more_than_cores(self) -> int:
        return (os.cpu_count() or 1) + 1

    start_reserve = Integer(
        2**30,
        min=0,
        config=True,
        help="""
        Bytes of memory that no server is promised: for the hub, its proxy, the engine, the system.

        A server is promised ``Spawner.mem_guarantee``, and starts when that is there.
        """,
    )

    start_patience = Float(
        300.0,
        min=0,
        config=True,
        help="""
        Seconds that the first in line waits for memory, before being told that there is none.
        """,
    )

    turn: Turn | None = None
    """Place in line or slot of the last start; given back by now, unless it is under way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._news = News()
        self._is_watched = False  # somebody has looked at this start
        self._asked = 0.0  # when its user asked for it

    async def prepare(self) -> None:
        """Do what may take long, before the hub's start timer runs."""
        raise NotImplementedError

    @property
    def line(self) -> Line:
        """The line of this hub's starts, one for all users."""
        return _line(self.start_slots)

    def promise(self) -> tuple[str, int]:
        """Name of the server where it runs, and the bytes of memory that it is promised."""
        return self._log_name, 0

    def begin(self, name: str) -> None:
        """Forget the news of earlier starts; this one, of an image of this name, is asked for."""
        self._news.forget()
        self._is_watched, self._asked = False, monotonic()
        self.tell(progress.preparing(name))

    @default("poll_interval")
    def _look_often(self) -> int:
        """Seconds; until a look, the proxy sends visitors to a dead server, and they wait."""
        return 5

    async def run_pre_spawn_hook(self) -> None:
        """Run the operator's hook, then all that may take long: ``start_timeout`` begins later."""
        await maybe_future(super().run_pre_spawn_hook())
        await asyncio.gather(self.prepare(), self._look())  # what was seen now serves in line
        await self._stand_in_line()

    async def _look(self) -> None:
        await self.line.look()  # the line itself may want an engine that does not answer

    async def _stand_in_line(self) -> None:
        await self._look()
        name, promised = self.promise()
        if self.line.capacity and self.line.capacity.never_fits(promised):
            raise self.fail(diagnosis.never_fits(self.choice_name, promised), 503)
        late = is_ahead(self.handler) and not self._is_watched
        self.turn = Turn(self.line, self.user.name, name, promised, late, self._asked)
        try:
            await self.turn.come(self.tell, self.start_patience)
        except NoRoom:
            raise self.fail(diagnosis.no_room(self.start_patience), 503) from None

    def tell(self, event: progress.Event) -> None:
        """Show this to everybody who looks at the spawn page, now or when they come back."""
        self._news.tell(event)

    @property
    def latest_news(self) -> str:
        """What somebody who looks at the spawn page reads now; that hurries nothing."""
        return self._news.latest

    def progress(self) -> AsyncIterator[progress.Event]:
        """Where the start is, then each news; the hub ends it with the start."""
        self._is_watched = True
        if self.turn:
            self.turn.hurry()
        return self._news.follow()

    def clear_state(self) -> None:
        """Forget the server; a start that never began gives its slot back."""
        super().clear_state()
        if self.turn:
            self.turn.end()


@lru_cache
def _line(slots: int) -> Line:
    return Line(slots)
