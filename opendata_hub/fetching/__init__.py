"""
Filling datasets: what hub.yaml asks for comes into versions, of which servers see whole ones only.

A dataset's folder holds ``current``, a link to one of ``versions``; beside each version the list of
its files with their checksums; ``coming``, where the next one is gathered; and ``list.json``, what
it shall hold.
"""

import threading
from pathlib import Path

from opendata_hub.datasets import Dataset
from opendata_hub.fetching import planning
from opendata_hub.fetching.download import Download
from opendata_hub.fetching.gathering import Gathering
from opendata_hub.fetching.near import Brought, Near
from opendata_hub.fetching.order import Order
from opendata_hub.fetching.sums import Tick
from opendata_hub.fetching.web import session

__all__ = ["Brought", "Download", "Near", "Order", "bring", "gather", "near", "session"]


def near(order: Order, brought: Brought | None = None) -> Near:
    """Return where files of a dataset may be without any network."""
    return Near(order.place.nearby(), brought)


def gather(
    order: Order, found: Near, way: Download | None, tick: Tick, stop: threading.Event
) -> None:
    """
    Have all files of a dataset and make them its current version.

    Args:
        way: to servers; None for no network.

    Raises:
        DataError: some files cannot be had; those that were are kept for the next time.
        Stopped: ``stop`` was set.
    """
    Gathering(order, found, way, tick, stop).run()


def bring(name: str, dataset: Dataset, stage: Path, tick: Tick = lambda _: None) -> None:
    """
    Fill a dataset from a folder with its files, without network; nothing where it is here.

    Args:
        stage: what is in it is linked where it is on the dataset's own disk, else copied.

    Raises:
        DataError: the files are not all there, or not whole.
    """
    brought = Brought(stage)
    order = planning.plan(name, dataset, None, brought, anew=False)
    if order.is_done:
        return
    folders = [*order.place.nearby(), *brought.folders(order.listing.files)]
    gather(order, Near(folders, brought), None, tick, threading.Event())
