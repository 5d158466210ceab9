"""The line of those who wait for a start, in virtual time."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from opendata_hub.startqueue import StartQueue, Ticket


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def _queue(slots: int = 2) -> tuple[StartQueue, Clock]:
    clock = Clock()
    return StartQueue(slots, clock), clock


def _granted(*tickets: Ticket) -> list[bool]:
    return [ticket.granted.is_set() for ticket in tickets]


def test_so_many_start_at_a_time_and_the_next_in_line_follows() -> None:
    """First come, first served."""
    queue, _ = _queue(2)
    first, second, third, fourth = (queue.enter(user) for user in "abcd")
    assert _granted(first, second, third, fourth) == [True, True, False, False]
    queue.leave(second)
    assert _granted(third, fourth) == [True, False]
    assert (queue.running, queue.waiting) == (2, 1)


def test_a_user_has_one_slot_and_blocks_nobody() -> None:
    """Somebody's second server waits for the first one; those behind go on."""
    queue, _ = _queue(2)
    first, again, other = queue.enter("a"), queue.enter("a"), queue.enter("b")
    assert _granted(first, again, other) == [True, False, True]
    queue.leave(first)
    assert _granted(again) == [True]


def test_who_leaves_the_line_gives_the_place_on() -> None:
    """A cancelled start moves the others up; leaving twice does no harm."""
    queue, _ = _queue(1)
    _, second, third = queue.enter("a"), queue.enter("b"), queue.enter("c")
    place = queue.place(third)
    assert place is not None and place.number == 2
    queue.leave(second)
    queue.leave(second)
    place = queue.place(third)
    assert place is not None and place.number == 1


def test_who_asked_first_goes_first_also_if_the_image_came_later() -> None:
    """A download counts as waiting; but a free slot waits for nobody."""
    queue, clock = _queue(1)
    running = queue.enter("a")
    clock.now = 9.0
    later, earlier = queue.enter("b", since=5.0), queue.enter("c", since=1.0)
    queue.leave(running)
    assert _granted(later, earlier) == [False, True]


def test_who_is_late_lets_everybody_else_go_first() -> None:
    """A server that is started ahead of a lesson never delays a student who clicks."""
    queue, _ = _queue(1)
    running = queue.enter("a")
    ahead, student = queue.enter("b", late=True), queue.enter("c")
    queue.leave(running)
    assert _granted(ahead, student) == [False, True]


def test_the_seconds_follow_from_the_starts_before() -> None:
    """With one slot and starts of four seconds, the third in line is in after four of them."""
    queue, clock = _queue(1)
    measured = queue.enter("z")
    clock.now = 4.0
    queue.leave(measured, measured=True)
    running, *line = (queue.enter(user) for user in "abcd")
    seconds = [place.seconds for ticket in line if (place := queue.place(ticket))]
    assert seconds == [8.0, 12.0, 16.0]
    clock.now = 5.0
    place = queue.place(line[0])
    assert place is not None and place.seconds == 7.0
    assert queue.place(running) is None


def test_a_start_that_fails_is_not_counted_as_one_that_took_so_long() -> None:
    """Ten refusals in a second promise nothing about the eleventh start."""
    queue, clock = _queue(1)
    for _ in range(10):
        failed = queue.enter("a")
        clock.now += 0.1
        queue.leave(failed)
    queue.enter("b")
    place = queue.place(queue.enter("c"))
    assert place is not None and place.seconds == 10.0


def test_what_is_not_admitted_waits_with_its_reason_and_nobody_overtakes() -> None:
    """The first in line waits for memory; who is smaller comes later all the same."""
    reason = "This machine's memory is in use."
    full = {"big"}
    queue = StartQueue(2, Clock(), lambda ticket, _: reason if ticket.user in full else "")
    big, small = queue.enter("big"), queue.enter("small")
    assert _granted(big, small) == [False, False]
    place = queue.place(big)
    assert place is not None and place.reason == reason
    full.clear()
    queue.advance()
    assert _granted(big, small) == [True, True]


def test_no_slots_are_refused() -> None:
    """A line that never moves is a mistake."""
    with pytest.raises(ValueError, match="slots is 0; write 1 or more"):
        StartQueue(0, Clock())


class AnyOrder(RuleBasedStateMachine):
    """People come, go, fail and finish, and memory comes and goes, in any order."""

    @initialize(slots=st.integers(1, 4))
    def _open(self, slots: int) -> None:
        self.clock = Clock()
        self.full = False
        self.queue = StartQueue(slots, self.clock, lambda *_: "full" if self.full else "")
        self.slots = slots
        self.tickets: list[Ticket] = []

    @rule(user=st.sampled_from("abcdef"), late=st.booleans())
    def _come(self, user: str, late: bool) -> None:
        self.tickets.append(self.queue.enter(user, late))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), measured=st.booleans(), twice=st.booleans())
    def _go(self, data: st.DataObject, measured: bool, twice: bool) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        self.tickets.remove(ticket)
        for _ in range(1 + twice):
            self.queue.leave(ticket, measured)

    @rule(seconds=st.floats(0.01, 60))
    def _wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(full=st.booleans())
    def _memory(self, full: bool) -> None:
        self.full = full
        self.queue.advance()

    @invariant()
    def _nobody_is_lost(self) -> None:
        if not hasattr(self, "queue"):
            return
        waiting = [t for t in self.tickets if not t.granted.is_set()]
        running = [t for t in self.tickets if t.granted.is_set()]
        assert (self.queue.waiting, self.queue.running) == (len(waiting), len(running))
        assert len(running) <= self.slots
        users = [t.user for t in running]
        assert len(users) == len(set(users))

    @invariant()
    def _no_slot_is_idle_while_somebody_could_have_it(self) -> None:
        if not hasattr(self, "queue") or self.full:
            return
        busy = {t.user for t in self.tickets if t.granted.is_set()}
        could = [t for t in self.tickets if not t.granted.is_set() and t.user not in busy]
        assert not could or self.queue.running == self.slots

    @invariant()
    def _the_places_are_a_line(self) -> None:
        if not hasattr(self, "queue"):
            return
        waiting = [t for t in self.tickets if not t.granted.is_set()]
        expected = sorted(waiting, key=lambda t: (t.late, t.since))
        places = [self.queue.place(t) for t in expected]
        assert [p and p.number for p in places] == list(range(1, len(expected) + 1))
        seconds = [p.seconds for p in places if p]
        assert seconds == sorted(seconds)


AnyOrder.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.__doc__ = "No lost place, no double start, bounded slots, in any order of events."
