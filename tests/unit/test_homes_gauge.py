"""How full a home is, in words."""

from pathlib import Path

import pytest

from opendata_hub.services.homes.gauge import gauge
from opendata_hub.storage import Space, room
from opendata_hub.storage.room import Room

GB = 10**9
PLENTY = Room(50 * GB, 100 * GB)


@pytest.mark.parametrize(
    ("used", "level", "warning"),
    [
        (1.5, 0, ""),
        (1.6, 1, "Your home is 80 % full: 400 MB of 2 GB are left."),
        (
            1.92, 2,
            "Your home is nearly full: 80 MB of 2 GB are left. Delete what you do not need.",
        ),
        (
            1.99, 3,
            "Your home is full: nothing more can be saved. Delete what you do not need.",
        ),
        (
            2.1, 3,
            "Your home is full: nothing more can be saved. Delete what you do not need.",
        ),
    ],
)  # fmt: skip
def test_a_home_with_a_quota_warns_before_it_is_full(used: float, level: int, warning: str) -> None:
    """At 80 % and at 95 %; what a quota counts may be a little more than it allows."""
    found = gauge(Space(int(used * GB), 2 * GB), PLENTY)

    assert (found.level, found.warning) == (level, warning)
    assert found.share == pytest.approx(min(used / 2, 1))


def test_without_a_quota_the_disk_is_the_limit() -> None:
    """Its users hear of it where it is nearly full, and how much they have themselves."""
    assert gauge(Space(GB), PLENTY).level == 0
    assert gauge(Space(GB), Room(19 * GB, 100 * GB)).warning == ""

    tight = gauge(Space(GB), Room(4 * GB, 100 * GB))

    assert (tight.text, tight.share, tight.disk) == ("1 GB", None, 0.96)
    assert tight.warning.startswith(
        "The disk with everybody's files is nearly full: 4 GB are left for all."
    )
    assert gauge(None, Room(0, 100 * GB)).warning.startswith(
        "The disk with everybody's files is full: nobody can save."
    )


def test_the_worse_one_is_told() -> None:
    """A full disk goes before a home that is getting full."""
    assert "disk" in gauge(Space(17 * GB, 20 * GB), Room(0, 100 * GB)).warning


@pytest.mark.parametrize(
    ("left", "whole", "full"),
    [(0, 100_000, True), (2000, 100_000, False), (15 * 2**20, GB, True), (17 * 2**20, GB, False)],
)
def test_a_room_is_full_where_a_server_cannot_live(left: int, whole: int, full: bool) -> None:
    """A few megabytes of a large one, a fiftieth of a small one."""
    assert Room(left, whole).is_full is full


def test_a_disk_tells_what_users_get_of_it(tmp_path: Path) -> None:
    """What is kept for root is not among it."""
    disk = room.of_disk(tmp_path)

    assert 0 <= disk.left < disk.whole
    assert 0 < disk.share <= 1
