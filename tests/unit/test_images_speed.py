"""How fast bytes come, and how long the rest will take."""

import pytest

from opendata_hub.services.images.speed import Speed


def _after(*seen: tuple[float, int]) -> Speed:
    speed = Speed()
    for now, done in seen:
        speed.feed(now, done)
    return speed


@pytest.mark.parametrize("seen", [(), ((5.0, 1000),), ((5.0, 1000), (5.0, 2000))])
def test_too_little_is_known_at_first(seen: tuple[tuple[float, int], ...]) -> None:
    """Nobody is told of a rate, or of minutes left, that is a guess."""
    speed = _after(*seen)

    assert speed.rate == 0
    assert speed.left(1000) is None


def test_the_rate_is_bytes_per_second() -> None:
    """And the seconds that are left follow from it."""
    speed = _after((10.0, 500), (11.0, 900), (14.0, 2500))

    assert speed.rate == 500
    assert speed.left(1000) == 2


def test_only_the_last_seconds_count() -> None:
    """A line that became slow is told as slow."""
    fast = [(float(second), 1000 * second) for second in range(10)]
    slow = [(float(second), 9000 + second) for second in range(10, 60)]

    assert _after(*fast, *slow).rate == 1


def test_a_line_that_stands_still_has_no_end() -> None:
    """Nothing comes for so long that nobody can say when the rest will be here."""
    speed = _after((0.0, 500), (15.0, 1000), (30.0, 1000), (50.0, 1000))

    assert speed.rate == 0
    assert speed.left(1000) is None


def test_a_layer_that_begins_anew_is_no_negative_speed() -> None:
    """The rate is counted from where the bytes fell back to."""
    assert _after((0.0, 0), (1.0, 5000), (2.0, 100)).rate == 0
    assert _after((0.0, 0), (1.0, 5000), (2.0, 100), (4.0, 300)).rate == 100
