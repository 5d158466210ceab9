"""Whether a server is stopped, and why; no I/O."""

from dataclasses import dataclass
from math import inf

from opendata_hub.services.culling.patience import Patience
from opendata_hub.services.culling.record import Record

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


@dataclass(frozen=True)
class Verdict:
    """A decision on one server, with its reason."""

    stop: bool
    reason: str


def judge(record: Record, patience: Patience) -> Verdict:
    """Decide on a server that has been looked at twice or more."""
    unused = f"nobody has used it for {spell(record.unused)}"
    if patience.idle == inf:
        return Verdict(False, "culling is off for its image or for a group of its owner")
    if record.unused < patience.idle:
        return Verdict(False, f"{unused}, of {spell(patience.idle)}")
    if record.work and record.working >= patience.busy:
        limit = f"{record.work}, for {spell(record.working)}: more than `busy` lets it"
        return Verdict(True, f"{unused}, and {limit}")
    if record.work:
        return Verdict(False, record.work)
    if record.resting == inf:
        return Verdict(True, f"{unused}, and nothing has ever run in it")
    resting = f"nothing has run in it for {spell(record.resting)}"
    if record.resting < patience.idle:
        return Verdict(False, f"{resting}, of {spell(patience.idle)}")
    return Verdict(True, f"{unused}, and {resting}")


def left(record: Record, patience: Patience) -> float:
    """Seconds from the last look to the stop, if nothing changes; infinity for never."""
    if record.work:
        return max(patience.idle - record.unused, patience.busy - record.working, 0.0)
    return max(patience.idle - min(record.unused, record.resting), 0.0)


def spell(seconds: float) -> str:
    """Write a duration as people type it, the two largest units: ``2h 5m``, ``40s``, ``0s``."""
    rest, parts = int(seconds), []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
