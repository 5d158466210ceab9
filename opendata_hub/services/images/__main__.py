"""``python -m opendata_hub.services.images``: what the hub starts."""

import asyncio
import logging
import os
import secrets
from pathlib import Path

import docker

from opendata_hub import bounds
from opendata_hub.engine import SILENCE, Puller
from opendata_hub.errors import ConfigError, EngineUnreachable
from opendata_hub.machine import daemon
from opendata_hub.services import door
from opendata_hub.services.images.config import from_environment
from opendata_hub.services.images.disk import Disk
from opendata_hub.services.images.keeper import Keeper
from opendata_hub.services.images.pages import application
from opendata_hub.services.images.students import Students
from opendata_hub.services.orphan import end_with_hub
from opendata_hub.services.seal import speak_sealed

_PAUSE = 10.0  # seconds between two questions to an engine that does not answer


async def main() -> None:
    """
    Serve the pages and keep the images until the hub ends this process.

    Raises:
        ConfigError: the environment is not what the hub gives to its services.
    """
    config = from_environment()
    client = await _connect()
    puller = Puller(client.api, SILENCE)
    root = await asyncio.to_thread(_disk_of, client)
    students = Students(os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"])
    keeper = Keeper(config, client, puller, students, Disk(root, config.watermark))
    pages = application(
        os.environ["JUPYTERHUB_SERVICE_PREFIX"], keeper, client, secrets.token_bytes(32)
    )
    door.open_to(pages)
    await keeper.run()


async def _connect() -> docker.DockerClient:
    while True:
        try:
            return await asyncio.to_thread(daemon.connect)
        except EngineUnreachable as error:
            logging.error("%s", error)
            await asyncio.sleep(_PAUSE)


def _disk_of(client: docker.DockerClient) -> Path | None:
    return Path(client.info()["DockerRootDir"]) if daemon.is_local() else None


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[images] %(message)s")
    logging.getLogger("tornado.access").setLevel(logging.WARNING)
    end_with_hub()
    speak_sealed()
    bounds.set_bounds()
    try:
        asyncio.run(main())
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        pass
