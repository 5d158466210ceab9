"""A keeper of the images service within a test's loop, and what is waited for of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import docker
import pytest

from opendata_hub.engine import Puller
from opendata_hub.services.images import keeper as keepers
from opendata_hub.services.images import shelf as shelves
from opendata_hub.services.images.config import Config
from opendata_hub.services.images.disk import Disk
from opendata_hub.services.images.keeper import Keeper
from opendata_hub.services.images.shelf import Entry, State
from opendata_hub.services.images.students import Students
from tests.engine.conftest import until
from tests.engine.hub_api import TOKEN, HubApi


def shorten_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make moments of pauses that are minutes in a class."""
    monkeypatch.setattr(keepers, "_LOOK", 0.05)
    monkeypatch.setattr(keepers, "_ENGINE_PAUSE", 0.1)
    monkeypatch.setattr(keepers, "_LONGEST_SLEEP", 0.2)
    monkeypatch.setattr(shelves, "_FIRST_PAUSE", 0.2)
    monkeypatch.setattr(shelves, "_LONGEST_PAUSE", 1.0)


class Keeping:
    """Runs a keeper of these entries within the test's loop."""

    def __init__(
        self,
        hub: HubApi,
        engines: tuple[docker.DockerClient, Puller],
        disk: Disk = Disk(None, 1.0),  # noqa: B008  # frozen
    ) -> None:
        self.students = Students(hub.url, TOKEN)
        self.engines, self.disk = engines, disk

    @asynccontextmanager
    async def __call__(self, *entries: dict[str, Any], **config: Any) -> AsyncIterator[Keeper]:
        """Run it; entries get what they do not say."""
        full = [{"display_name": "An image", **entry} for entry in entries]
        settings = Config.model_validate({"catalogue": full, **config})
        keeper = Keeper(settings, *self.engines, self.students, self.disk)
        work = asyncio.ensure_future(keeper.run())
        try:
            yield keeper
        finally:
            failed = work.done()
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            assert not failed


async def stands(keeper: Keeper, slug: str, state: State) -> Entry:
    """Wait until an image stands there."""

    def there() -> Entry | None:
        entry = keeper.shelf.entries.get(slug)
        return entry if entry and entry.state is state else None

    await until(there, f"{slug} is {state.value}; it is {keeper.shelf.entries.get(slug)}")
    return keeper.shelf.entries[slug]


async def has_failed(keeper: Keeper, slug: str, times: int = 1) -> Entry:
    """Wait until an image has failed so often."""
    await until(lambda: keeper.shelf.entries.get(slug), f"{slug} is on the shelf")
    entry = keeper.shelf.entries[slug]
    await until(lambda: entry.tries >= times, f"{slug} has failed {times} times")
    return entry
