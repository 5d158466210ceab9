"""How full a home is, in words; no I/O."""

from typing import NamedTuple

from opendata_hub.fields import format_size
from opendata_hub.storage import Space
from opendata_hub.storage.room import Room, of_quota

HIGH, NEARLY = 0.8, 0.95
"""Shares above which a home's owner is warned; above the first one, admins are of a disk."""

FINE, WARNED, PRESSED, FULL = range(4)
"""Levels."""


class Gauge(NamedTuple):
    """
    What is shown of a home.

    Attributes:
        used: bytes; None while they have not been counted.
        quota: bytes; None without one.
        share: how full it is, 0 to 1, by its quota; None without one.
        disk: how full the disk with all homes is, 0 to 1; None for one elsewhere.
        level: 0 fine, 1 warned, 2 pressed, 3 full.
        text: used and quota, short.
        warning: empty while all is fine.
    """

    used: int | None
    quota: int | None
    share: float | None
    disk: float | None
    level: int
    text: str
    warning: str


def gauge(space: Space | None, disk: Room | None) -> Gauge:
    """
    Put it into words.

    Args:
        disk: the one that the home is on.
    """
    own = of_quota(space) if space else None
    levels = (_of_home(own), _of_disk(disk))
    level, warning = max(levels, key=lambda one: one[0])
    return Gauge(
        used=space.used if space else None,
        quota=space.quota if space else None,
        share=own.share if own else None,
        disk=disk.share if disk else None,
        level=level,
        text=_text(space),
        warning=warning,
    )


def _text(space: Space | None) -> str:
    if space is None:
        return ""
    used = format_size(space.used)
    return used if space.quota is None else f"{used} of {format_size(space.quota)}"


def _of_home(room: Room | None) -> tuple[int, str]:
    if room is None or room.share < HIGH:
        return FINE, ""
    if room.is_full:
        return FULL, "Your home is full: nothing more can be saved. Delete what you do not need."
    left = f"{format_size(room.left)} of {format_size(room.whole)} are left."
    if room.share < NEARLY:
        return WARNED, f"Your home is {room.share * 100:.0f} % full: {left}"
    return PRESSED, f"Your home is nearly full: {left} Delete what you do not need."


def _of_disk(room: Room | None) -> tuple[int, str]:
    if room is None or room.share < NEARLY:
        return FINE, ""
    ask = "Delete what you do not need, and tell the people who run this hub."
    if room.is_full:
        return FULL, f"The disk with everybody's files is full: nobody can save. {ask}"
    left = f"{format_size(room.left)} are left for all."
    return PRESSED, f"The disk with everybody's files is nearly full: {left} {ask}"
