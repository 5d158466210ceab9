"""Having all files of a dataset, several at a time; then all of them at once become a version."""

import errno
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.errors import DataError
from opendata_hub.fetching import listing as listings
from opendata_hub.fetching import sums
from opendata_hub.fetching.download import Download
from opendata_hub.fetching.listing import Listing, Piece
from opendata_hub.fetching.near import Near
from opendata_hub.fetching.order import Order
from opendata_hub.fetching.part import Part
from opendata_hub.fetching.place import settle, unwritable
from opendata_hub.fetching.sums import Tick

AT_A_TIME = 8
"""Files: so that many small ones wait for their server together."""

_ENOUGH = 3  # files that cannot be had; the others would hardly end better
_TOLD = 5


class _Over(DataError):
    """The disk does not go on: nor can any other file."""


@dataclass(frozen=True)
class Gathering:
    """
    How the files of one dataset are had.

    Attributes:
        near: where they may be already.
        way: to their servers; None where only ``near`` counts.
        tick: told of all bytes, those that were here included.
        stop: set by whoever breaks the whole off; what is here by then is kept.
    """

    order: Order
    near: Near
    way: Download | None
    tick: Tick
    stop: threading.Event

    def run(self) -> None:
        """
        Have all files, and make them the current version.

        Raises:
            DataError: some cannot be had; the text has a line for each.
            Stopped: ``stop`` was set.
        """
        place, listing = self.order.place, self.order.listing
        with place.claimed():
            try:
                listings.write(place.listing_file, listing)
                files = tuple(self._all())
                whole = Listing(source=listing.source, files=files, made_of=listing.digest)
                place.swap_in(listing.digest, whole)
                listings.write(place.listing_file, whole)
            except OSError as error:
                raise DataError(_trouble(place.root, error)) from None

    def _all(self) -> list[Piece]:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            futures = [pool.submit(self._have, piece) for piece in self.order.listing.files]
            try:
                self._wait(futures)
            except BaseException:
                self.stop.set()
                raise
            finally:
                pool.shutdown(cancel_futures=True)
        return [future.result() for future in futures]

    def _wait(self, futures: Iterable[Future[Piece]]) -> None:
        troubles: list[DataError] = []
        for future in as_completed(futures):
            try:
                future.result()
            except _Over:
                raise
            except DataError as error:
                troubles.append(error)
                if self.way and len(troubles) == _ENOUGH:
                    break
        if troubles:
            raise DataError("\n".join(_told(troubles)))

    def _have(self, piece: Piece) -> Piece:
        try:
            return self._gathered(piece) or self._linked(piece) or self._grown(piece)
        except OSError as error:
            raise _Over(_trouble(self.order.place.root, error)) from None

    def _gathered(self, piece: Piece) -> Piece | None:
        target = self.order.target(piece)
        if not self.order.is_gathered(piece):
            return None
        if piece.has_sum:
            self.tick(target.stat().st_size)
            return _known(piece, target.stat().st_size, piece.sum[1])
        return _known(piece, target.stat().st_size, self._sum(piece, target))

    def _linked(self, piece: Piece) -> Piece | None:
        """Take a good file of this disk: it is on it once then, for both."""
        for source in self.near.here(piece):
            try:
                size, found = source.stat().st_size, self._sum(piece, source)
            except OSError:  # its disk fails there: it comes anew
                continue
            if found == piece.sum[1]:
                with suppress(OSError):
                    return self._link(piece, source, size, found)
            self.tick(-size)
        return None

    def _link(self, piece: Piece, source: Path, size: int, found: str) -> Piece:
        target = self.order.target(piece)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        settle(source)  # before it counts as one that waits
        os.link(source, target)
        if target.stat().st_mode & 0o444 != 0o444:
            target.chmod(0o644)
        return _known(piece, size, found)

    def _sum(self, piece: Piece, file: Path) -> str:
        return sums.of_file(file, piece.sum[0], self.tick, self.stop)

    def _grown(self, piece: Piece) -> Piece:
        with Part(self.order.part(piece), piece.sum[0], self.tick, self.stop) as part:
            if not self._copied(piece, part):
                self._downloaded(piece, part)
            part.finish(self.order.target(piece))
            return _known(piece, part.size, part.sum)

    def _copied(self, piece: Piece, part: Part) -> bool:
        for source in self.near.elsewhere(piece):
            part.begin_anew()
            for chunk in _read(source):
                part.take(chunk)
            if not piece.has_sum or part.sum == piece.sum[1]:
                return True
            part.begin_anew()
        return False

    def _downloaded(self, piece: Piece, part: Part) -> None:
        if self.way and piece.url:
            self.way.run(piece, part)
            return
        folder = self.near.brought.folder if self.near.brought else "what is here"
        damaged = any(self.near.elsewhere(piece))
        how = "is damaged in" if damaged else "is not in"
        raise DataError(f"{piece.name} {how} {folder}.")


def _read(source: Path) -> Iterator[memoryview]:
    try:
        with source.open("rb", buffering=0) as stream:
            yield from sums.chunks(stream)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}.") from None


def _told(troubles: list[DataError]) -> list[str]:
    lines = sorted(map(str, troubles))
    more = len(lines) - _TOLD
    rest = [f"And so on for {more:,} more files."] if more > 0 else []
    return [*lines[:_TOLD], *rest]


def _known(piece: Piece, size: int, found: str) -> Piece:
    return piece.model_copy(update={"size": size, piece.sum[0]: found})


def _trouble(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk of {folder} is full. Make room, and run the same command again: it goes on "
            "where it was."
        )
    return unwritable(folder, error)
