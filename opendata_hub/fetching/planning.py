"""What is to be had, before anything is: lists of files, and room for all of them."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import requests

from opendata_hub.datasets import Dataset
from opendata_hub.errors import DataError
from opendata_hub.fetching import download, sources
from opendata_hub.fetching.gathering import AT_A_TIME
from opendata_hub.fetching.listing import Listing
from opendata_hub.fetching.near import Brought, Near
from opendata_hub.fetching.order import Order
from opendata_hub.fetching.place import Place
from opendata_hub.fields import format_size

Reserve = Callable[[Path], int]
"""Takes a folder; returns the bytes of its disk that are not for datasets."""


def plan(
    name: str,
    dataset: Dataset,
    session: requests.Session | None,
    brought: Brought | None,
    anew: bool,
) -> Order:
    """
    Find out which files a dataset has, and how large they are.

    Args:
        session: None where there shall be no network.
        anew: ask again, although the list is kept; without network, take the one brought.

    Raises:
        DataError: nobody says.
    """
    place = Place(dataset.path)
    order = Order(name, place, _listing(name, dataset, session, brought, anew))
    if order.is_done or session is None:
        return order
    return replace(order, sizes=_sizes(session, order))


def _listing(
    name: str,
    dataset: Dataset,
    session: requests.Session | None,
    brought: Brought | None,
    anew: bool,
) -> Listing:
    found = None if anew and not dataset.files else sources.known(dataset)
    if found is None and brought:
        found = sources.carried(dataset, brought)
    if found is None and session:
        found = sources.resolve(dataset, session)
    if found is None and anew and brought:
        raise DataError(
            f"{brought.folder} has no list.json of {sources.words(dataset)}; bring it along, or "
            "leave out --update to go by the list that is kept here."
        )
    if found is None:
        raise DataError(
            f"Which files {sources.words(dataset)} has is not known here. Either run `opendata-hub "
            f"data fetch {name}` once with a network, or bring list.json of a machine that has "
            "this dataset along with the files."
        )
    return found


def _sizes(session: requests.Session, order: Order) -> dict[str, int]:
    near = Near(order.place.nearby())
    unknown = [piece for piece in order.listing.files if piece.size is None]
    unknown = [p for p in unknown if not order.is_gathered(p) and not any(near.here(p))]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = pool.map(lambda piece: download.size(session, piece.url or ""), unknown)
        named = zip(unknown, found, strict=True)
        return {piece.name: size for piece, size in named if size is not None}


def require_room(needs: Iterable[tuple[Order, Near]], reserve: Reserve) -> None:
    """
    Make sure that all of these fit, before the first of them is begun.

    Raises:
        DataError: they do not.
    """
    disks: dict[int, tuple[Path, int]] = {}
    for order, near in needs:
        folder = _existing(order.place.root)
        first, so_far = disks.get(folder.stat().st_dev, (folder, 0))
        disks[folder.stat().st_dev] = first, so_far + order.need(near)
    for folder, need in disks.values():
        _require(folder, need, reserve(folder))


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _require(folder: Path, need: int, kept: int) -> None:
    free = shutil.disk_usage(folder).free
    if need and need + kept > free:
        but = f", {format_size(kept)} of which people's files need" if kept else ""
        raise DataError(
            f"The disk of {folder} has {format_size(free)} free{but}, and this needs "
            f"{format_size(need)}; make room there, or write a `path` on another disk."
        )
