"""What the service knows of each image, which one is next, and when."""

from math import inf
from pathlib import Path
from typing import Any

import pytest

from opendata_hub import catalogue as catalogues
from opendata_hub.catalogue import Catalogue
from opendata_hub.engine import PullProgress
from opendata_hub.services.images.shelf import Entry, Shelf, State, urgency


def _catalogue(*images: dict[str, Any]) -> Catalogue:
    """Entries that say no more than they must."""
    full = [
        {"display_name": "An image", "image": f"example.org/{image['slug']}:1", **image}
        for image in images
    ]
    return catalogues.load(full)


def _shelf(*slugs: str) -> Shelf:
    shelf = Shelf()
    shelf.take(_catalogue(*({"slug": slug} for slug in slugs)))
    return shelf


def _entry(**fields: Any) -> Entry:
    return Entry(_catalogue({"slug": "a", **fields}).images[0])


def _order(shelf: Shelf) -> list[str]:
    return [entry.image.slug for entry in sorted(shelf.entries.values(), key=urgency)]


def test_the_smallest_comes_first() -> None:
    """Most people get in soonest; what nobody knows the size of comes last, as it is written."""
    shelf = _shelf("a", "b", "c", "d")
    shelf.entries["b"].bytes = 2000
    shelf.entries["d"].bytes = 1000

    assert _order(shelf) == ["d", "b", "a", "c"]


def test_what_is_asked_for_comes_before_all() -> None:
    """However large it is."""
    shelf = _shelf("a", "b", "c")
    for size, entry in enumerate(shelf.entries.values(), 1):
        entry.bytes = size

    assert shelf.ask("c")
    assert not shelf.ask("z")
    assert _order(shelf) == ["c", "a", "b"]


def test_each_pause_is_twice_the_one_before() -> None:
    """From ten seconds to half an hour; a success begins anew."""
    entry = _entry()
    pauses = []
    for _ in range(12):
        entry.fail("away", now=100.0)
        pauses.append(entry.due - 100)

    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800, 1800]
    assert (entry.state, entry.failure, entry.tries) == (State.FAILED, "away", 12)
    entry.succeed(5, due=200.0)
    assert (
        entry.state, entry.failure, entry.tries, entry.size, entry.due
    ) == (State.PRESENT, "", 0, 5, 200)  # fmt: skip
    entry.fail("away", now=100.0)
    assert entry.due == 110


def test_asking_ends_the_pause() -> None:
    """Whoever mended something need not wait; what went wrong stays to be read."""
    shelf = _shelf("a")
    entry = shelf.entries["a"]
    entry.fail("away", now=100.0)
    assert shelf.due(now=101.0) == []

    shelf.ask("a")

    assert shelf.due(now=101.0) == [entry]
    assert (entry.state, entry.failure, entry.tries) == (State.MISSING, "away", 1)


def test_an_image_that_is_here_stays_here_when_asked_for() -> None:
    """A newer one that could not be had does not make it missing."""
    entry = _entry()
    entry.succeed(5, due=200.0)
    entry.fail("away", now=100.0)

    entry.ask()

    assert entry.state is State.PRESENT


def test_what_is_due_and_how_long_there_is_nothing_to_do() -> None:
    """New entries are looked at now; an empty shelf never."""
    shelf = _shelf("a", "b")
    assert shelf.pause(now=100.0) == 0
    shelf.entries["a"].succeed(1, due=150.0)
    shelf.entries["b"].succeed(1, due=120.0)

    assert shelf.pause(now=100.0) == 20
    assert [entry.image.slug for entry in shelf.due(now=130.0)] == ["b"]
    assert Shelf().pause(now=100.0) == inf


def test_a_changed_catalogue() -> None:
    """What is as before keeps its state; what changed, or is new, is looked at; the rest goes."""
    shelf = _shelf("a", "b", "c")
    for entry in shelf.entries.values():
        entry.succeed(1, due=500.0)
    same = shelf.entries["b"]

    shelf.take(_catalogue({"slug": "d"}, {"slug": "b"}, {"slug": "a", "follow_tag": True}))

    assert list(shelf.entries) == ["d", "b", "a"]
    assert shelf.entries["b"] is same
    assert [entry.image.slug for entry in shelf.due(now=100.0)] == ["d", "a"]


def test_a_changed_lock_is_a_changed_entry(tmp_path: Path) -> None:
    """The catalogue is as before, but another digest is wanted."""
    entries = [{"slug": "a", "display_name": "A", "image": "example.org/a:1"}]
    lock = tmp_path / "catalogue.lock"
    shelf = Shelf()
    for digit in "12":
        lock.write_text(f"images: {{'example.org/a:1': {{digest: 'sha256:{digit * 64}'}}}}")
        shelf.take(catalogues.load(entries, lock=lock))
        before = shelf.entries["a"].state
        shelf.entries["a"].succeed(1, due=500.0)

    assert before is State.UNKNOWN
    assert shelf.entries["a"].image.digest == f"sha256:{'2' * 64}"


@pytest.mark.parametrize(
    ("state", "can"),
    [
        (State.UNKNOWN, False),
        (State.MISSING, True),
        (State.PULLING, False),
        (State.BUILDING, False),
        (State.GIVING_WAY, True),
        (State.FAILED, True),
        (State.PRESENT, True),
    ],
)
def test_the_button_is_there_where_it_does_something(state: State, can: bool) -> None:
    """Not while something is done, nor after somebody has pressed it."""
    entry = _entry()
    entry.state = state

    assert entry.can_be_asked_for is can
    entry.ask()
    assert not entry.can_be_asked_for


@pytest.mark.parametrize(
    "fields",
    [
        {"image": f"example.org/a@sha256:{'1' * 64}"},
        {"image": "opendata-hub/a:1", "build": "a"},
    ],
    ids=["digest", "made here"],
)
def test_no_button_asks_for_a_newer_one_where_there_is_none(fields: dict[str, Any]) -> None:
    """A digest means one image for ever, and what is made here follows its recipe by itself."""
    entry = _entry(**fields)
    entry.succeed(1, due=500.0)

    assert not entry.can_be_asked_for


def test_a_pull_is_nearly_done_by_its_speed_or_when_it_unpacks() -> None:
    """Its last half minute is not thrown away."""
    entry = _entry()
    entry.begin(State.PULLING)
    assert not entry.is_nearly_done(30)
    entry.follow(PullProgress(done=0, total=1000), now=0.0)
    assert not entry.is_nearly_done(30)
    entry.follow(PullProgress(done=100, total=1000), now=10.0)
    assert (entry.seconds_left, entry.is_nearly_done(30)) == (90, False)
    entry.follow(PullProgress(done=900, total=1000), now=20.0)
    assert entry.is_nearly_done(30)
    entry.follow(PullProgress(done=1000, total=1000, unpacking=True), now=90.0)
    assert entry.is_nearly_done(30)


def test_a_new_try_tells_nothing_of_the_one_before() -> None:
    """Except why it failed."""
    entry = _entry()
    entry.say("  Step 1/2\n")
    entry.follow(PullProgress(done=5, total=9), now=1.0)
    entry.fail("away", now=1.0)
    entry.begin(State.PULLING)

    assert (PullProgress(), 0, "", "away") == (
        entry.progress, entry.speed.rate, entry.doing, entry.failure
    )  # fmt: skip
