"""What a server's pages say before it is stopped; no I/O."""

from math import inf
from typing import NamedTuple

from opendata_hub.services.culling.verdict import spell

_ASK = 60.0  # seconds
_SOONEST = 1.0  # seconds


class Notice(NamedTuple):
    """
    The answer to a page.

    Attributes:
        stops_in: seconds; None for not at all, as far as is known.
        text: the warning, empty while it is early.
        button: what ``Keep it running`` says of how long.
        ask_in: seconds after which the page asks again.
    """

    stops_in: float | None
    text: str
    button: str
    ask_in: float


def warn(stops_in: float, ahead: float, keep: float) -> Notice:
    """
    Say it in time.

    Args:
        stops_in: seconds; infinity for never.
        ahead: seconds before the stop at which it is time.
        keep: seconds for which the button keeps it.
    """
    ask_in = max(_SOONEST, min(_ASK, ahead / 4))
    text = _text(stops_in) if stops_in <= ahead else ""
    known = None if stops_in == inf else max(0.0, stops_in)
    return Notice(known, text, f"Keep it running for {spell(keep)}", ask_in)


def _text(stops_in: float) -> str:
    minutes = round(stops_in / 60)
    when = f"in {minutes} minute{'' if minutes == 1 else 's'}" if minutes else "in a moment"
    return (
        f"Nobody seems to use this server: it stops {when}. Saved files stay; what notebooks hold "
        "in memory goes."
    )
