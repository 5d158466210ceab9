"""What is known of how full homes are, and when it is looked at again."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opendata_hub.errors import StorageError
from opendata_hub.services.homes import meter as meters
from opendata_hub.services.homes.meter import Meter
from opendata_hub.services.homes.table import table
from opendata_hub.storage import Home, Space


class Shelf:
    """A storage in memory; it tells how often it was asked to measure."""

    def __init__(self, folder: Path) -> None:
        self.sizes: dict[str, int] = {}
        self.measured: list[str] = []
        self._folder = folder

    async def space(self, user: str) -> Space:
        """What a test has put there."""
        self.measured.append(user)
        if user not in self.sizes:
            raise StorageError(f"no home of {user}")
        return Space(self.sizes[user])

    async def has(self, user: str) -> bool:
        """Whether a test has put it there."""
        return user in self.sizes

    async def folder(self, user: str) -> Path:
        """One for all."""
        return self._folder

    async def homes(self) -> list[Home]:
        """All of them."""
        return [Home(user, f"shelf/{user}") for user in self.sizes]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Two homes."""
    shelf = Shelf(tmp_path)
    shelf.sizes = {"anna": 100, "ben": 2000}
    return shelf


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still, unless a test moves it."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(meters, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def meter(shelf: Any, has_quota: bool = False) -> Meter:
    """The meter of a storage."""
    return Meter(shelf, has_quota)


async def test_files_are_counted_every_few_minutes_at_most(
    shelf: Shelf, clock: SimpleNamespace
) -> None:
    """However often somebody asks; who was in use meanwhile has a last turn afterwards."""
    told = meter(shelf)
    await told.measure_due(["anna"])
    shelf.sizes["anna"] = 300
    clock.now += 60
    await told.measure_due(["anna"])
    assert (await told.look("anna")).used == 100
    assert shelf.measured == ["anna"]

    clock.now += 300
    await told.measure_due([])

    assert (await told.look("anna")).used == 300
    clock.now += 1000
    await told.measure_due([])
    assert shelf.measured == ["anna", "anna", "anna"]  # it was looked at since
    clock.now += 1000
    await told.measure_due([])
    assert shelf.measured == ["anna", "anna", "anna"]


async def test_a_page_never_waits_for_a_count(shelf: Shelf) -> None:
    """It says nothing of a home that has not been counted yet."""
    told = await meter(shelf).look("anna")

    assert (told.used, told.text) == (None, "")
    assert shelf.measured == []


async def test_who_asks_for_an_unknown_home_has_it_counted_now(shelf: Shelf) -> None:
    """And not at the next round only; then there is no hurry any more."""
    told = meter(shelf)
    await told.look("anna")
    await told.rest(60)
    await told.measure_due([])

    assert shelf.measured == ["anna"]
    await told.look("anna")
    await told.rest(0)


async def test_a_quota_is_asked_at_once(shelf: Shelf, clock: SimpleNamespace) -> None:
    """And again a few seconds later; many who ask together share an answer."""
    told = meter(shelf, has_quota=True)
    assert [(await told.look("anna")).used for _ in range(3)] == [100] * 3
    shelf.sizes["anna"] = 300
    clock.now += 5

    assert (await told.look("anna")).used == 300
    assert shelf.measured == ["anna"] * 2


async def test_a_count_of_others_is_taken_over(shelf: Shelf) -> None:
    """Where a page has just counted the files, nobody counts them again."""
    told = meter(shelf)
    told.note("anna", 500)
    await told.measure_due(["anna"])

    assert (await told.look("anna")).used == 500
    assert shelf.measured == []


async def test_who_has_no_home_hears_of_the_disk(shelf: Shelf) -> None:
    """Such as an admin, who has to know."""
    told = meter(shelf, has_quota=True)
    await told.look("ben")

    found = await told.look("admin")

    assert found.disk is not None
    assert (found.used, found.text) == (None, "")


async def test_after_a_deletion_it_is_measured_anew(shelf: Shelf, clock: SimpleNamespace) -> None:
    """The student sees what it has brought."""
    told = meter(shelf)
    await told.measure("anna")
    shelf.sizes["anna"] = 10

    await told.measure_anew("anna")

    assert (await told.look("anna")).used == 10


async def test_a_home_that_cannot_be_measured_is_told_once(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are measured all the same."""
    told = meter(shelf)
    with caplog.at_level(logging.WARNING):
        await told.measure_due(["anna", "ben", "gone"])
        await told.measure_due(["gone"])

    assert caplog.text.count("no home of gone") == 1
    assert told.known("ben") == Space(2000)


async def test_the_largest_home_comes_first(shelf: Shelf) -> None:
    """What has not been counted is last; scripts get the same."""
    told = meter(shelf)
    await told.measure("anna")
    assert [row.user for row in (await table(told)).rows] == ["anna", "ben"]
    await told.measure("ben")

    found = await table(told)

    assert [row.user for row in found.rows] == ["ben", "anna"]
    assert found.plain()["homes"][0] == {
        "user": "ben",
        "place": "shelf/ben",
        "used": 2000,
        "quota": None,
        "deleted": None,
    }
    assert found.disk and found.plain()["disk"]["free"] > 0
