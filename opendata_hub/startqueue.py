"""Who starts next: a few at a time, first come first served; no word of Docker or hubs."""

import asyncio
import heapq
import statistics
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_REMEMBERED = 20  # starts; enough to smooth, few enough to follow a change of image or load
_FIRST_GUESS = 5.0  # seconds of a start, before any was measured


@dataclass(frozen=True)
class Place:
    """
    Where somebody stands in line.

    Attributes:
        number: 1 for the next one.
        seconds: until they are expected to be in, by the starts that were measured.
        reason: why nobody is let in though a slot is free; empty where all slots are busy.
    """

    number: int
    seconds: float
    reason: str = ""


@dataclass(eq=False)
class Ticket:
    """
    One start: in line, then in a slot, then gone.

    Attributes:
        user: whose start it is; a user has one slot at most.
        name: of the server, for ``admit``.
        memory: bytes that it is promised, for ``admit``.
        late: lets everybody else go first.
        since: when the user asked, by the queue's clock: that decides, not when they came in line.
        granted: set when it has a slot.
    """

    user: str
    name: str = ""
    memory: int = 0
    late: bool = False
    since: float = 0.0
    granted: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = 0.0


class StartQueue:
    """
    Slots for starts, and the line of those who wait for one.

    Args:
        slots: how many may start at a time.
        clock: seconds; only differences count.
        admit: says why a ticket cannot be let in though a slot is free, in words for a waiting
            student; empty if it can. It gets those who have a slot, too, and is asked for the
            first in line only: nobody overtakes.
    """

    def __init__(
        self,
        slots: int,
        clock: Callable[[], float],
        admit: Callable[[Ticket, Sequence[Ticket]], str] = lambda ticket, starting: "",
    ) -> None:
        if slots < 1:
            raise ValueError(f"slots is {slots}; write 1 or more")
        self.slots = slots
        self._clock, self._admit = clock, admit
        self._line: list[Ticket] = []
        self._running: list[Ticket] = []
        self._lasted: deque[float] = deque(maxlen=_REMEMBERED)
        self._reason = ""

    def enter(
        self,
        user: str,
        name: str = "",
        memory: int = 0,
        late: bool = False,
        since: float | None = None,
    ) -> Ticket:
        """Stand in line; the ticket must be given back with :meth:`leave`, whatever happens."""
        ticket = Ticket(user, name, memory, late, self._clock() if since is None else since)
        self._line.append(ticket)
        self.advance()
        return ticket

    def leave(self, ticket: Ticket, measured: bool = False) -> None:
        """
        Give back a slot or a place in line; once is enough, twice does no harm.

        Args:
            measured: it came up, so its time counts for those who wait.
        """
        if ticket in self._running:
            self._running.remove(ticket)
            if measured:
                self._lasted.append(self._clock() - ticket.began)
        elif ticket in self._line:
            self._line.remove(ticket)
        self.advance()

    def hurry(self, ticket: Ticket) -> None:
        """Its user is here: it lets nobody go first any more who came later."""
        ticket.late = False
        self.advance()

    def advance(self) -> None:
        """Let in whom slots and ``admit`` allow; call it when ``admit`` may have a new answer."""
        self._reason = ""
        while len(self._running) < self.slots and (ticket := self._first()):
            self._reason = self._admit(ticket, self._running)
            if self._reason:
                return
            self._line.remove(ticket)
            self._running.append(ticket)
            ticket.began = self._clock()
            ticket.granted.set()

    def place(self, ticket: Ticket) -> Place | None:
        """Where a ticket stands; None for one that has a slot or was given back."""
        order = self._order()
        if ticket not in order:
            return None
        number = order.index(ticket) + 1
        return Place(number, self._seconds(number), self._reason)

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return len(self._running)

    def _first(self) -> Ticket | None:
        busy = {ticket.user for ticket in self._running}
        return next((ticket for ticket in self._order() if ticket.user not in busy), None)

    def _order(self) -> list[Ticket]:
        return sorted(self._line, key=lambda ticket: (ticket.late, ticket.since))

    def _seconds(self, number: int) -> float:
        """Play the line through: each start lasts as long as those before did."""
        lasts = statistics.median(self._lasted) if self._lasted else _FIRST_GUESS
        now = self._clock()
        ends = [max(0.0, ticket.began + lasts - now) for ticket in self._running]
        ends += [0.0] * (self.slots - len(ends))
        heapq.heapify(ends)
        for _ in range(number - 1):
            heapq.heapreplace(ends, ends[0] + lasts)
        return ends[0] + lasts
