"""One file from a server: taken up where it broke off, begun anew where it has changed."""

import re
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import cast

import requests

from opendata_hub.errors import DataError
from opendata_hub.fetching import web
from opendata_hub.fetching.listing import Piece
from opendata_hub.fetching.part import Part
from opendata_hub.fetching.sums import CHUNK, Stopped

PAUSE = 1.0
"""Seconds after a try that brought nothing; twice as long after each more."""

_TRIES = 5  # in a row that bring nothing
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)", re.ASCII)
_LENGTH = re.compile("[0-9]{1,18}")  # no disk has room for more
_LONGEST_WAIT = 60  # seconds, whatever a server asks for
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_MARKS = ("ETag", "Last-Modified")


class _Again(Exception):
    """It did not work, and may the next time."""

    def __init__(self, why: str, wait: float = 0) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass(frozen=True)
class Download:
    """
    How files come from servers.

    Attributes:
        stop: set by whoever breaks the whole off.
    """

    session: requests.Session
    stop: threading.Event

    def run(self, piece: Piece, part: Part) -> None:
        """
        Fill the part with the whole file, with the right sum.

        Raises:
            DataError: it cannot be had, or it is another file than was said.
            OSError: the disk does not take it.
            Stopped: ``stop`` was set.
        """
        self._fill(piece, part)
        if part.is_taken_up and not _fits(piece, part):
            part.begin_anew()  # what lay here may have been of another file
            self._fill(piece, part)
        if not _fits(piece, part):
            trouble = _difference(piece, part)
            part.begin_anew()
            raise DataError(trouble)

    def _fill(self, piece: Piece, part: Part) -> None:
        failures = 0
        while True:
            before = part.size
            try:
                return self._try(piece, part)
            except _Again as trouble:
                failures = 0 if part.size > before else failures + 1
                if failures == _TRIES:
                    raise DataError(f"{piece.url} cannot be had: {trouble}.") from None
                if part.size:
                    part.is_taken_up = True
                wait = trouble.wait or PAUSE * 2 ** (failures - 1) if failures else 0
                if self.stop.wait(min(wait, _LONGEST_WAIT)):
                    raise Stopped from None

    def _try(self, piece: Piece, part: Part) -> None:
        if part.size and part.size == piece.size:
            return
        try:
            with closing(self._ask(piece, part)) as answer:
                whole = self._begin(piece, part, answer)
                # Each piece as it comes: of one that waits to be full nothing is left by a cut.
                while chunk := answer.raw.read1(CHUNK, decode_content=False):
                    part.take(chunk)
        except web.TROUBLE as error:
            if web.is_hopeless(error):
                raise DataError(f"{piece.url} cannot be had: {web.reason(error)}.") from None
            raise _Again(web.reason(error)) from None
        if whole is not None and part.size != whole:
            raise _Again("the line broke off")

    def _ask(self, piece: Piece, part: Part) -> requests.Response:
        headers = {}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
            if part.mark:
                headers["If-Range"] = part.mark
        return self.session.get(
            cast(str, piece.url), headers=headers, stream=True, timeout=web.PATIENCE
        )

    def _begin(self, piece: Piece, part: Part, answer: requests.Response) -> int | None:
        """Look at what the server answers; return how many bytes the whole file has, if it says."""
        _require_file(piece, answer)
        if answer.status_code == 416:
            part.begin_anew()
            raise _Again("it is shorter than it was")
        whole = _whole(part, answer)
        if piece.size is not None and whole is not None and whole != piece.size:
            raise DataError(_other_size(piece, whole))
        if not part.size:
            part.mark = _mark(answer)
        return whole


def _fits(piece: Piece, part: Part) -> bool:
    if piece.size is not None and part.size != piece.size:
        return False
    return not piece.has_sum or part.sum == piece.sum[1]


def _difference(piece: Piece, part: Part) -> str:
    if piece.size is not None and part.size != piece.size:
        return _other_size(piece, part.size)
    return (
        f"{piece.url} has the {piece.sum[0]} {part.sum}, and not {piece.sum[1]}: the file there is "
        "another one now, or the sum was never its own. Compare with who publishes it."
    )


def _other_size(piece: Piece, found: int) -> str:
    return f"{piece.url} has {found:,} bytes, and not {piece.size:,}: it is another file now."


def _require_file(piece: Piece, answer: requests.Response) -> None:
    status = answer.status_code
    if status in _BUSY:
        after = answer.headers.get("Retry-After", "")
        raise _Again(f"the server answers {status}", float(after) if after.isdecimal() else 0)
    if status not in (200, 206, 416):
        known = {404: "it is not there", 403: "the server lets nobody have it"}
        raise DataError(
            f"{piece.url} cannot be had: {known.get(status, f'the server answers {status}')}."
        )


def _whole(part: Part, answer: requests.Response) -> int | None:
    """How long the file is; a part that the server does not go on with begins anew."""
    rest = _length(answer)
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if answer.status_code == 206:
        is_next = found and found[1] == str(part.size)
        if not is_next or (part.mark and _mark(answer) not in ("", part.mark)):
            part.begin_anew()
            raise _Again("it has changed meanwhile")
        return None if rest is None else part.size + rest
    if part.size:
        part.begin_anew()
    return rest


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if _LENGTH.fullmatch(length) else None


def _mark(answer: requests.Response) -> str:
    """Return what tells this content from another one; a weak tag does not."""
    marks = (answer.headers.get(name, "") for name in _MARKS)
    return next((mark for mark in marks if mark and not mark.startswith("W/")), "")


def size(session: requests.Session, url: str) -> int | None:
    """
    Ask a server how long a file is; None where it does not say.

    Raises:
        DataError: the server cannot be reached.
    """
    try:
        answer = session.head(url, allow_redirects=True, timeout=web.PATIENCE)
    except web.TROUBLE as error:
        raise DataError(f"{url} cannot be had: {web.reason(error)}.") from None
    return _length(answer) if answer.ok else None
