"""A user's home on the engine: a volume, and what lies in it at first."""

from collections.abc import Mapping

from opendata_hub import homes
from opendata_hub.engine import Engine, volumes


async def is_missing(engine: Engine, user: str) -> bool:
    """Whether this user has no home yet."""
    return not await engine.has_volume(homes.volume_name(user))


async def make(engine: Engine, user: str) -> None:
    """Make an empty home; it belongs to root until it is furnished."""
    await engine.create_volume(homes.volume_name(user), homes.labels(user))


async def furnish(engine: Engine, user: str, container: str, files: Mapping[str, bytes]) -> None:
    """Hand a new home to its user, with these files; the container mounts it, and has not run."""
    await volumes.furnish(engine, container, files, homes.volume_name(user))
