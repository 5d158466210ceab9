"""How things stand with a dataset, as far as it can be told without reading all of it."""

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from opendata_hub.datasets import Dataset
from opendata_hub.fetching import sources
from opendata_hub.fetching.listing import Listing
from opendata_hub.fetching.order import Order, faults_of
from opendata_hub.fetching.place import Place


class State(Enum):
    """What servers get of a dataset."""

    COMPLETE = "complete"
    PARTLY = "partly"
    """Nothing yet, but some of it is here."""
    ABSENT = "absent"
    DAMAGED = "damaged"
    """A version that lacks files, or in which the last `data verify` has found faults."""
    OUTDATED = "outdated"
    """A version, but not the one that hub.yaml asks for now."""
    FOLDER = "folder"
    """One of this machine, which is not fetched."""


@dataclass(frozen=True)
class Standing:
    """
    One dataset.

    Attributes:
        share: how much of what is asked for is here, 0 to 1; None where nobody knows.
        here: bytes of a version that is on its way.
        size: bytes; None where nobody knows.
        files: how many; None where nobody knows.
        faults: files that are missing, or were damaged when somebody last looked.
        path: its folder.
    """

    name: str
    state: State
    groups: tuple[str, ...]
    path: Path
    share: float | None = None
    here: int = 0
    size: int | None = None
    files: int | None = None
    faults: tuple[str, ...] = ()


def look(name: str, dataset: Dataset) -> Standing:
    """
    Look at one dataset.

    Raises:
        DataError: a list in its folder cannot be read.
    """
    if not dataset.is_fetched:
        return Standing(name, State.FOLDER, dataset.groups, dataset.path)
    place, wanted = Place(dataset.path), sources.known(dataset)
    current = place.current
    if current is None:
        return _coming(name, dataset, wanted, State.ABSENT)
    listing = current.listing
    faults = tuple(faults_of(current, listing)) if listing else ()
    if wanted and not faults and (listing is None or listing.digest != wanted.digest):
        return _coming(name, dataset, wanted, State.OUTDATED)
    state, share = (State.DAMAGED, None) if faults else (State.COMPLETE, 1.0)
    return replace(_standing(name, dataset, state, listing), share=share, faults=faults)


def _coming(name: str, dataset: Dataset, wanted: Listing | None, state: State) -> Standing:
    """How far a version is that is on its way; never all of it: then it would be complete."""
    if wanted is None:
        return _standing(name, dataset, state, None)
    order = Order(name, Place(dataset.path), wanted)
    here = order.gathered
    share = min(0.99, here / order.size) if order.size else None
    state = State.PARTLY if here and state is State.ABSENT else state
    return replace(_standing(name, dataset, state, wanted), share=share, here=here)


def _standing(name: str, dataset: Dataset, state: State, listing: Listing | None) -> Standing:
    found = Standing(name, state, dataset.groups, dataset.path)
    return replace(found, size=listing.size, files=len(listing.files)) if listing else found
