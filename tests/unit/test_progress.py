"""What the spawn page shows, from the first event to the last."""

import pytest

from opendata_hub import progress
from opendata_hub.engine import PullProgress
from opendata_hub.startqueue import Place

GB = 10**9


def test_a_pull_shows_bytes_and_per_cent() -> None:
    """How much of how much."""
    event = progress.pulling("ROOT", PullProgress(done=GB, total=4 * GB))

    assert event == {
        "progress": 17,
        "message": "Downloading the image of ROOT: 25% (1 GB of 4 GB)",
    }


def test_a_pull_that_has_no_bytes_yet_says_what_it_does() -> None:
    """Until the registry has answered."""
    event = progress.pulling("ROOT", PullProgress())
    assert event == {"progress": 5, "message": "Asking for the image of ROOT"}


def test_unpacking_shows_per_cent_where_the_engine_counts() -> None:
    """The longest part of a pull on a slow disk."""
    event = progress.pulling("ROOT", PullProgress(4 * GB, 4 * GB, 2 * GB, unpacking=True))
    assert event == {"progress": 62, "message": "Unpacking the image of ROOT: 50%"}


def test_unpacking_shows_no_per_cent_where_the_engine_does_not_count() -> None:
    """No number is better than a wrong one."""
    event = progress.pulling("ROOT", PullProgress(4 * GB, 4 * GB, unpacking=True))
    assert event == {"progress": 55, "message": "Unpacking the image of ROOT"}


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "Waiting for your notebook server to answer"),
        (4.9, "Waiting for your notebook server to answer"),
        (5, "Waiting for your notebook server to answer (5 s so far, 60 s at most)"),
        (59.6, "Waiting for your notebook server to answer (60 s so far, 60 s at most)"),
    ],
)
def test_a_long_wait_says_how_long_it_may_be(seconds: float, says: str) -> None:
    """Most servers answer before anybody asks."""
    assert progress.waiting(seconds, 60)["message"] == says


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (Place(3, 12.4), "You are number 3 in line, about 12 seconds to go"),
        (Place(1, 0.3), "You are number 1 in line, about 1 second to go"),
        (Place(1, 5.0, "All is full."), "All is full. You are number 1 in line"),
    ],
)
def test_the_line_says_where_one_stands(place: Place, says: str) -> None:
    """And how long it takes, where that is known; it is never said to be over."""
    assert progress.in_line(place)["message"] == says


def test_the_bar_never_falls_from_phase_to_phase() -> None:
    """From the first event of a start to the last, and never to the end, which is the hub's."""
    steps = range(0, 101, 5)
    events = [
        progress.preparing("ROOT"),
        progress.pulling("ROOT", PullProgress()),
        *(progress.pulling("ROOT", PullProgress(i, 100)) for i in steps),
        *(progress.pulling("ROOT", PullProgress(100, 100, i, unpacking=True)) for i in steps),
        progress.creating(),
        progress.starting(),
        *(progress.waiting(i, 100) for i in (*steps, 150)),
    ]

    bar = [event["progress"] for event in events]
    assert sorted(bar) == bar
    assert all(0 <= value < 100 for value in bar)
