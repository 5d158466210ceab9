"""How much has to be left on a disk, and when somebody has to stop."""

import pytest

from opendata_hub.guard.disk import Left
from opendata_hub.guard.floor import Floor, Level, reserve
from opendata_hub.guard.watched import Known

GB = 2**30


@pytest.mark.parametrize(
    ("whole", "left"), [(8, 0.8), (20, 2), (40, 2), (100, 5), (400, 20), (4000, 20)]
)
def test_a_share_of_the_disk_is_kept_and_never_most_of_a_small_one(whole: int, left: float) -> None:
    """A twentieth, 2 GiB at least and 20 GiB at most, but never more than a tenth."""
    assert reserve(whole * GB) == int(left * GB)


def test_it_is_looked_at_more_often_the_less_is_left() -> None:
    """So that what can be written between two looks fits, and small disks are looked at often."""
    assert Left(100 * GB, None).lasts == 2.0
    assert Left(2 * GB, None).lasts == 0.5
    assert Left(100 * GB, 20_000).lasts == 0.1
    assert Left(0, None).lasts == 0.1


def test_where_nobody_can_be_stopped_half_of_what_is_left_is_the_new_floor() -> None:
    """Those who take a little go on; when there is room again, all is as before."""
    floor = Floor(1000)
    assert [floor.level(left) for left in (9000, 2000, 999)] == [
        Level.CALM, Level.PRESSED, Level.SHORT,
    ]  # fmt: skip

    floor.lower(900)

    assert [floor.level(left) for left in (899, 451, 449)] == [
        Level.PRESSED, Level.PRESSED, Level.SHORT,
    ]  # fmt: skip
    assert [floor.level(left) for left in (1251, 999)] == [Level.PRESSED, Level.SHORT]


def test_a_disk_that_was_short_before_is_nobodys_fault() -> None:
    """A hub that starts on one begins with half of what is left."""
    floor = Floor(1000)

    assert [floor.level(left) for left in (500, 251, 249)] == [
        Level.PRESSED, Level.PRESSED, Level.SHORT,
    ]  # fmt: skip


def test_growth_is_between_two_weighings_of_one_server() -> None:
    """Who was not known has taken nothing; of who cannot be weighed nothing is known."""
    known = Known(left=0, weights={"a": 5, "b": None})

    assert [known.grown("a", 9), known.grown("b", 9), known.grown("a", None)] == [
        4, None, None,
    ]  # fmt: skip
    assert [known.grown("new", 9), known.grown("new", 10)] == [0, 1]
