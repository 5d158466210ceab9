"""A user's home on the engine: a volume, and what lies in it at first."""

from opendata_hub import homes
from opendata_hub.engine import Engine


async def is_missing(engine: Engine, user: str) -> bool:
    """Whether this user has no home yet."""
    return not await engine.has_volume(homes.volume_name(user))


async def make(engine: Engine, user: str) -> None:
    """Make an empty home; it belongs to root until it is furnished."""
    await engine.create_volume(homes.volume_name(user), homes.labels(user))
