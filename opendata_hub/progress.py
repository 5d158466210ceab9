"""What the spawn page shows while a server starts: phases and pulls as the hub's events."""

from typing import TypedDict

from opendata_hub.engine import PullProgress
from opendata_hub.fields import format_size
from opendata_hub.startqueue import Place


class Event(TypedDict):
    """One event of the hub's progress stream."""

    progress: int
    """Per cent of the whole start, 0 to 100; never falls from one phase to the next."""

    message: str
    """Plain text; the hub escapes it."""


_PULL_BEGINS, _PULL_ENDS, _UNPACK_ENDS = 5, 55, 69
_LINE = 70
_SERVER_BEGINS, _SERVER_ENDS = 80, 98


def preparing(image: str) -> Event:
    """The start was accepted and the image is known."""
    return {"progress": 2, "message": f"Preparing {image}"}


def pulling(image: str, pull: PullProgress) -> Event:
    """The image is on its way; ``pull.total`` may still grow, or be 0 at first."""
    if pull.unpacking:
        return _unpacking(image, pull)
    if not pull.total:
        return {"progress": _PULL_BEGINS, "message": f"Asking for the image of {image}"}
    share = pull.done / pull.total
    return {
        "progress": _PULL_BEGINS + int(share * (_PULL_ENDS - _PULL_BEGINS)),
        "message": f"Downloading the image of {image}: {share:.0%} "
        f"({format_size(pull.done)} of {format_size(pull.total)})",
    }


def _unpacking(image: str, pull: PullProgress) -> Event:
    message = f"Unpacking the image of {image}"
    if not pull.unpacked:
        return {"progress": _PULL_ENDS, "message": message}
    share = pull.unpacked / pull.total
    bar = _PULL_ENDS + int(share * (_UNPACK_ENDS - _PULL_ENDS))
    return {"progress": bar, "message": f"{message}: {share:.0%}"}


def in_line(place: Place) -> Event:
    """Others start first."""
    seconds = max(1, round(place.seconds))  # the one ahead may be late
    to_go = f"about {seconds} second{'s' if seconds > 1 else ''} to go"
    if place.reason:
        message = f"{place.reason} You are number {place.number} in line"
    else:
        message = f"You are number {place.number} in line, {to_go}"
    return {"progress": _LINE, "message": message}


def creating() -> Event:
    """The container and, the first time, the home are being made."""
    return {"progress": 70, "message": "Creating your container and attaching your files"}


def starting() -> Event:
    """The engine is asked to start the container."""
    return {"progress": 75, "message": "Starting your container"}


def waiting(seconds: float, limit: float) -> Event:
    """The container runs and its server does not answer yet, ``limit`` seconds at most."""
    share = min(seconds / limit, 1.0)
    message = "Waiting for your notebook server to answer"
    if seconds >= 5:
        message += f" ({seconds:.0f} s so far, {limit:.0f} s at most)"
    return {
        # the square root moves early, when most servers answer, and slows down when few do
        "progress": _SERVER_BEGINS + int(share**0.5 * (_SERVER_ENDS - _SERVER_BEGINS)),
        "message": message,
    }
