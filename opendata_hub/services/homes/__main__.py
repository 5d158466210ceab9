"""``python -m opendata_hub.services.homes``: what the hub starts."""

import asyncio
import logging
import os
import secrets
from contextlib import suppress

from tornado.httpclient import HTTPClientError

from opendata_hub import bounds
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError, EngineUnreachable, StorageError
from opendata_hub.machine import daemon
from opendata_hub.services import door
from opendata_hub.services.homes.config import VARIABLE, Config
from opendata_hub.services.homes.hands import Hands
from opendata_hub.services.homes.meter import Meter
from opendata_hub.services.homes.pages import application
from opendata_hub.services.hub_users import active_users
from opendata_hub.services.orphan import end_with_hub
from opendata_hub.services.seal import speak_sealed
from opendata_hub.storage import Folders, Storage, open_storage

_ENGINE_PATIENCE = 20  # seconds for an answer of the engine
_PAUSE = 10.0  # seconds between two questions to an engine that does not answer
_EVERY = 60.0  # seconds between two looks at who has a server

log = logging.getLogger("opendata_hub.homes")


async def main() -> None:
    """Measure homes and answer until the hub ends."""
    config = Config.model_validate_json(os.environ[VARIABLE])
    storage = open_storage(await _engine(), config.storage, config.path, config.identity)
    meter = Meter(storage, config.has_quota)
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    pages = application(prefix, meter, Hands(storage), secrets.token_bytes(32))
    door.open_to(pages)
    await _clear(storage)
    await _measure(meter)


async def _clear(storage: Storage) -> None:
    """Delete what a purge has left that was broken off."""
    if isinstance(storage, Folders):
        try:
            await asyncio.to_thread(storage.clear)
        except StorageError as error:
            log.warning("Homes that were purged still take room: %s", error)


async def _engine() -> Engine:
    while True:
        try:
            return Engine((await asyncio.to_thread(daemon.connect, _ENGINE_PATIENCE)).api)
        except EngineUnreachable as error:
            log.error("No home can be seen: %s", error)
            await asyncio.sleep(_PAUSE)


async def _measure(meter: Meter) -> None:
    """Measure each home once, then those that are in use."""
    await meter.measure_due(await _all(meter))
    while True:
        await meter.measure_due(await _active())
        await meter.rest(_EVERY)


async def _all(meter: Meter) -> list[str]:
    try:
        return [home.user for home in await meter.storage.homes()]
    except (EngineError, StorageError) as error:
        log.warning("Not all homes are measured: %s", error)
        return []


async def _active() -> list[str]:
    url, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
    try:
        return [user["name"] async for user in active_users(url, token)]
    except (HTTPClientError, OSError) as error:
        log.warning("The hub does not tell who has a server: %s", error)
        return []


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[homes] %(message)s")
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    end_with_hub()
    speak_sealed()
    bounds.set_bounds()
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
