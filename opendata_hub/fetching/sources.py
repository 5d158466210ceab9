"""Where the list of a dataset's files comes from: hub.yaml, the folder itself, or the network."""

import requests

from opendata_hub.datasets import Dataset
from opendata_hub.errors import DataError
from opendata_hub.fetching import atlas, listing, records
from opendata_hub.fetching.listing import Listing, Piece
from opendata_hub.fetching.near import Brought
from opendata_hub.fetching.place import Place


def words(dataset: Dataset) -> str:
    """Name the source of a dataset: the list of another source is none of its."""
    if dataset.record is not None:
        return f"record {dataset.record}"
    if dataset.atlas is not None:
        entry = dataset.atlas
        return f"atlas {entry.release or 'default'} {entry.dataset} {entry.skim}"
    return "hub.yaml"


def known(dataset: Dataset) -> Listing | None:
    """
    Return the list as far as it takes no network; None where it has never been asked for.

    Raises:
        DataError: the kept list cannot be read.
    """
    if dataset.files:
        pieces = tuple(
            Piece(name=file.called, **file.model_dump(exclude={"name"})) for file in dataset.files
        )
        return Listing(source=words(dataset), files=pieces)
    return _of_this(dataset, listing.read(Place(dataset.path).listing_file))


def carried(dataset: Dataset, brought: Brought) -> Listing | None:
    """Return the list that somebody has brought with the files; None where there is none."""
    for file in brought.files.get(Place(dataset.path).listing_file.name, ()):
        try:
            found = _of_this(dataset, listing.read(file))
        except DataError:  # a file of this name can be anything
            continue
        if found:
            return found
    return None


def _of_this(dataset: Dataset, found: Listing | None) -> Listing | None:
    return found if found and found.source == words(dataset) else None


def resolve(dataset: Dataset, session: requests.Session) -> Listing:
    """
    Ask for the list of a record, or of a dataset of ATLAS.

    Raises:
        DataError: it cannot be had.
    """
    if dataset.atlas is not None:
        return atlas.resolve(dataset.atlas, words(dataset))
    return records.resolve(session, dataset.record or 0, words(dataset))
