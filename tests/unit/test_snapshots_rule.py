"""Which earlier states of a home are taken and kept, whatever the clock does."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata_hub.storage.rule import Rule

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
HOURLY = Rule(24, 7, timezone.utc)
NIGHTLY = Rule(0, 7, timezone.utc)

moments = st.integers(-60 * 24 * 400, 60 * 24 * 400).map(lambda minutes: _at(minutes / 60))
rules = st.builds(Rule, st.integers(0, 30), st.integers(1, 30), st.sampled_from([BERLIN, None]))


def _at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def test_one_is_due_at_each_full_hour() -> None:
    """Not twice in an hour; one that was missed is made up for at once."""
    assert HOURLY.is_due(NOON, [])
    assert HOURLY.is_due(NOON, [_at(-0.1)])
    assert not HOURLY.is_due(_at(0.9), [NOON])
    assert HOURLY.is_due(_at(50.4), [NOON])


def test_archives_are_due_at_three_at_night() -> None:
    """Or as soon as the machine is on again."""
    night = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.utc)
    before, after = night - timedelta(minutes=1), night + timedelta(minutes=1)
    assert not NIGHTLY.is_due(before, [night - timedelta(hours=23)])
    assert NIGHTLY.is_due(night, [before])
    assert not NIGHTLY.is_due(night + timedelta(hours=23), [after])
    assert NIGHTLY.is_due(_at(0), [before])


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-06-01", "2026-12-24"])
def test_nights_are_local_ones_also_when_clocks_change(day: str) -> None:
    """Three o'clock is what the wall says."""
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN)
    night = Rule(0, 7, BERLIN).period(noon).astimezone(BERLIN)
    assert f"{night:%Y-%m-%d %H:%M}" == f"{day} 03:00"


def test_the_newest_of_each_hour_and_day_are_kept() -> None:
    """A week of hours leaves the last 24, and the last one of each earlier day."""
    taken = [_at(-hours) for hours in range(24 * 10)]
    kept = sorted(HOURLY.kept(NOON, taken))
    assert kept[-24:] == sorted(taken)[-24:]
    # Of the seven days, two are those of the last 24 hours.
    assert [moment.hour for moment in kept[:-24]] == [23] * 5


def test_days_are_local_ones() -> None:
    """What is the next day in Berlin is the same one in UTC."""
    late, later = (datetime(2026, 6, 1, hour, 30, tzinfo=timezone.utc) for hour in (21, 22))
    assert Rule(0, 2, BERLIN).kept(NOON, [late, later]) == {late, later}
    assert Rule(0, 2, timezone.utc).kept(NOON, [late, later]) == {later}


def test_a_home_that_nobody_changes_loses_nothing() -> None:
    """Its newest state stands for all days since, and earlier ones stay to go back to."""
    taken = {_at(-24 * days) for days in range(7)}
    assert NIGHTLY.kept(_at(24 * 365), taken) == taken


@given(rules, st.sets(moments, max_size=80), moments)
def test_no_clock_makes_everything_go(rule: Rule, taken: set[datetime], now: datetime) -> None:
    """The newest of the past and of the future stay, and as many as the rule says."""
    kept = rule.kept(now, taken)
    assert kept <= taken
    assert len(kept) <= 2 * (rule.hourly + rule.daily)
    past, future = {one for one in taken if one <= now}, {one for one in taken if one > now}
    for side in filter(None, (past, future)):
        assert max(side) in kept
        days = {moment.astimezone(rule.zone).date() for moment in side}
        assert len(kept & side) >= min(rule.daily, len(days))
    assert rule.kept(now, kept) == kept


@given(rules, st.lists(st.integers(1, 60 * 24 * 3), max_size=60))
def test_dropping_at_each_step_keeps_what_dropping_at_the_end_would(
    rule: Rule, pauses: list[int]
) -> None:
    """No state is missed later because others went before."""
    now, taken, there = NOON, {NOON}, {NOON}
    for minutes in pauses:
        now += timedelta(minutes=minutes)
        taken.add(now)
        there = rule.kept(now, there | {now})
    assert there == rule.kept(now, taken)


@given(rules, moments, st.lists(st.integers(-60 * 24 * 9, 60 * 24 * 9), max_size=60))
def test_a_jumping_clock_neither_floods_nor_stops(
    rule: Rule, now: datetime, jumps: list[int]
) -> None:
    """Each period gets one state, whatever the clock said before; it is kept once it is taken."""
    there: set[datetime] = set()
    for jump in jumps:
        now += timedelta(minutes=jump)
        if rule.is_due(now, there):
            there.add(now)
        there = rule.kept(now, there)
        assert not rule.is_due(now, there)
