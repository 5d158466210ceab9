"""How long a server may be idle or busy; no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from opendata_hub.services.culling.config import Config


@dataclass(frozen=True)
class Patience:
    """Seconds until a server is stopped; infinity for never."""

    idle: float
    busy: float


ENDLESS = Patience(inf, inf)


def of(config: Config, image: str, groups: Iterable[str]) -> Patience:
    """
    Return what holds for a server.

    What its image or a group of its owner has goes before the hub's own; of several, the longest.

    Args:
        image: slug, empty for an image of one's own.
    """
    named = [config.images.get(image), *map(config.groups.get, groups)]
    given = [limits for limits in named if limits]
    if not all(limits.enabled for limits in given):
        return ENDLESS
    return Patience(
        max((limits.idle for limits in given if limits.idle), default=config.idle),
        max((limits.busy for limits in given if limits.busy), default=config.busy or inf),
    )
