"""The events of a pull, added up."""

from typing import Any

import pytest

from opendata_hub.engine import PullProgress
from opendata_hub.engine.pulls import Tally
from opendata_hub.errors import PullError


def _event(status: str, layer: str = "a", current: int = 0, total: int = 0) -> dict[str, Any]:
    detail = {"current": current, "total": total} if total else {}
    return {"status": status, "id": layer, "progressDetail": detail}


def _after(*events: dict[str, Any]) -> PullProgress:
    tally = Tally()
    for event in events:
        tally.feed(event)
    return tally.progress


NEW = _event("Pulling fs layer")
HALF = _event("Downloading", "a", 50, 100)


def test_nothing_is_known_at_first() -> None:
    """Before the first layer is named there is nothing to count, and nothing to unpack."""
    assert _after({"status": "Pulling from lesson", "id": "1"}) == PullProgress()


def test_layers_add_up() -> None:
    """Bytes are of all layers; the total grows as they are found."""
    other = [_event("Pulling fs layer", "b"), _event("Downloading", "b", 10, 200)]

    assert _after(NEW, HALF) == PullProgress(done=50, total=100)
    assert _after(NEW, *other, HALF) == PullProgress(done=60, total=300)


def test_layers_that_are_here_do_not_count() -> None:
    """A layer shared with another image is no download."""
    assert _after(NEW, _event("Already exists", "b"), HALF) == PullProgress(done=50, total=100)


@pytest.mark.parametrize("status", ["Waiting", "Verifying Checksum", "Retrying in 5 seconds"])
def test_events_without_bytes_change_nothing(status: str) -> None:
    """The bar stands still while the engine waits to try again."""
    assert _after(NEW, HALF, _event(status)) == PullProgress(done=50, total=100)


def test_a_download_that_says_nothing_changes_nothing() -> None:
    """The engine names a layer's download before it knows its size."""
    assert _after(NEW, HALF, _event("Downloading")) == PullProgress(done=50, total=100)


def test_a_size_that_nobody_knows_changes_nothing() -> None:
    """A registry that sends no length."""
    assert _after(NEW, _event("Downloading", "a", 50, -1)) == PullProgress()


def test_a_resumed_layer_goes_on_where_it_broke() -> None:
    """After a broken connection the engine's total is what is left."""
    assert _after(NEW, HALF, _event("Downloading", "a", 0, 50)) == PullProgress(50, 100)
    assert _after(NEW, HALF, _event("Downloading", "a", 25, 50)) == PullProgress(75, 100)


def test_a_layer_that_begins_anew_falls_back() -> None:
    """A connection that broke twice costs the layer, and the bar says so."""
    resumed = _event("Downloading", "a", 10, 50)
    assert _after(NEW, HALF, resumed, _event("Downloading", "a", 5, 100)) == PullProgress(5, 100)


def test_more_bytes_than_announced_are_not_counted() -> None:
    """Never more than everything."""
    assert _after(NEW, _event("Downloading", "a", 120, 100)) == PullProgress(100, 100)


def test_a_layer_that_is_complete_is_all_here() -> None:
    """Its last bytes are not told; a pull with one layer left is not unpacking yet."""
    complete = _after(NEW, _event("Pulling fs layer", "b"), HALF, _event("Download complete"))
    assert complete == PullProgress(done=100, total=100)


def test_unpacking_begins_when_everything_is_here() -> None:
    """Downloads and unpacking overlap; people are told of the download while there is one."""
    assert _after(NEW, HALF, _event("Download complete")) == PullProgress(100, 100, 0, True)


def test_unpacking_is_counted() -> None:
    """Bytes of layers that are unpacked, and of the one that is on its way."""
    here = [
        *(_event("Pulling fs layer", layer) for layer in "ab"),
        *(_event("Downloading", layer, 100, 100) for layer in "ab"),
        *(_event("Download complete", layer) for layer in "ab"),
    ]
    half = _event("Extracting", "a", 50, 100)
    whole = _event("Pull complete", "a")

    assert _after(*here, half) == PullProgress(200, 200, 50, True)
    assert _after(*here, half, whole) == PullProgress(200, 200, 100, True)
    assert _after(*here, half, whole, _event("Extracting", "b", 150, 100)).unpacked == 200


def test_a_layer_whose_download_was_not_told_counts_when_it_is_unpacked() -> None:
    """A small layer is here before the engine has said anything of it."""
    assert _after(NEW, _event("Extracting", "a", 20, 40)) == PullProgress(40, 40, 20, True)


def test_an_error_inside_the_stream_is_raised() -> None:
    """The engine's words, though the HTTP status was 200."""
    with pytest.raises(PullError, match="unknown blob"):
        _after(NEW, {"errorDetail": {"message": "unknown blob"}, "error": "unknown blob"})


def test_the_last_words_of_a_pull_change_nothing() -> None:
    """Digest and status have no layer."""
    assert _after(NEW, HALF, {"status": "Status: Image is up to date"}) == PullProgress(50, 100)
