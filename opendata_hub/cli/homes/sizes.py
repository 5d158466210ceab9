"""How much is in homes, as far as this process may know."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from opendata_hub.errors import StorageError
from opendata_hub.fields import format_size
from opendata_hub.storage import Home, Space, Storage

_AT_A_TIME = 8


@dataclass(frozen=True)
class Sized:
    """
    A home with its size.

    Attributes:
        space: None where it cannot be told.
        trouble: why not.
    """

    home: Home
    space: Space | None
    trouble: str = ""

    @property
    def used(self) -> str:
        """For people."""
        return format_size(self.space.used) if self.space else "?"


def sized(storage: Storage, homes: Sequence[Home]) -> list[Sized]:
    """Measure homes; where files must be counted, that takes a second for some ten thousand."""
    return asyncio.run(_all(storage, homes))


async def _all(storage: Storage, homes: Sequence[Home]) -> list[Sized]:
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def one(home: Home) -> Sized:
        async with turns:
            try:
                return Sized(home, await storage.space(home.user))
            except StorageError as error:
                return Sized(home, None, str(error))

    return list(await asyncio.gather(*map(one, homes)))


def together(items: Sequence[Sized]) -> str:
    """How much all of them hold, for people; empty where that is not known."""
    known = [item.space.used for item in items if item.space]
    return format_size(sum(known)) if len(known) == len(items) else ""
