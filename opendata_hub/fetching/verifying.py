"""Reading a version as a whole: is each file what it was when it came."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from opendata_hub.errors import DataError
from opendata_hub.fetching import sums
from opendata_hub.fetching.listing import Piece
from opendata_hub.fetching.place import Version, unwritable
from opendata_hub.fetching.sums import Tick


def verify(version: Version, tick: Tick) -> Iterator[tuple[str, str]]:
    """
    Yield name and fault of each file that is missing or damaged; then note them.

    Raises:
        DataError: the list of its files cannot be read, or what was found cannot be noted.
    """
    listing, stop = version.listing, threading.Event()
    pieces = listing.files if listing else ()
    faults = []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        try:
            for piece, fault in zip(
                pieces, pool.map(lambda p: _fault(version, p, tick, stop), pieces), strict=True
            ):
                if fault:
                    faults.append(piece.name)
                    yield piece.name, fault
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    try:
        version.note(faults)
    except OSError as error:  # `data fetch` would take the damaged file for a good one
        raise DataError(
            f"What was found cannot be noted for `data fetch`. "
            f"{unwritable(version.folder.parent, error)}"
        ) from None


def _fault(version: Version, piece: Piece, tick: Tick, stop: threading.Event) -> str:
    file = version.folder / piece.name
    try:
        size = file.stat().st_size
        if size != piece.size:
            return f"has {size:,} bytes, and not {piece.size:,}"
        found = sums.of_file(file, piece.sum[0], tick, stop)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if found == piece.sum[1] else f"is damaged: its {piece.sum[0]} is another one"
