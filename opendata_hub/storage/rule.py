"""Which earlier states of a home are taken, and which are kept; no I/O."""

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo

_NIGHT = time(3)


@dataclass(frozen=True)
class Rule:
    """
    How many states there are to go back to.

    All moments have a zone.

    Attributes:
        hourly: hours whose newest state is kept; 0 for none.
        daily: days whose newest state is kept; 0 for none.
        zone: whose days and nights these are; this machine's unless given.
    """

    hourly: int
    daily: int
    zone: tzinfo | None = None

    def period(self, now: datetime) -> datetime:
        """Return when the hour began, or the night at three if there are days only."""
        if self.hourly:
            return _hour(now)
        day = now.astimezone(self.zone).date()
        night = self._night(day)
        return night if night <= now else self._night(day - timedelta(days=1))

    def _night(self, day: date) -> datetime:
        # Without a zone it is this machine's: its hour differs where the clocks were changed.
        return datetime.combine(day, _NIGHT, self.zone).astimezone(timezone.utc)

    def is_due(self, now: datetime, taken: Iterable[datetime]) -> bool:
        """Whether none was taken since the period began; those from the future do not count."""
        begin = self.period(now)
        return not any(begin <= moment <= now for moment in taken)

    def kept(self, now: datetime, taken: Collection[datetime]) -> set[datetime]:
        """
        Return those that stay.

        Only hours and days with a state count: a home that nobody changes, a machine that was
        off and a clock that jumps ahead cost nothing of what there is. Those from the future, which
        a wrong clock has left, are kept apart by the same rule: they drive out no others.
        """
        past = [moment for moment in taken if moment <= now]
        future = [moment for moment in taken if moment > now]
        return self._newest(past) | self._newest(future)

    def _newest(self, taken: Collection[datetime]) -> set[datetime]:
        hours = _newest_of_each(taken, _hour, self.hourly)
        return hours | _newest_of_each(taken, self._day, self.daily)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)


def _newest_of_each(
    taken: Iterable[datetime], period: Callable[[datetime], Hashable], count: int
) -> set[datetime]:
    newest = {period(moment): moment for moment in sorted(taken)}  # the last of a period stays
    return set(sorted(newest.values(), reverse=True)[:count])
