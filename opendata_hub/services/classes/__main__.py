"""``python -m opendata_hub.services.classes``: what the hub starts."""

import asyncio
import logging
import os
from contextlib import suppress

from opendata_hub.services.classes.config import VARIABLE, Config
from opendata_hub.services.classes.roster import Roster
from opendata_hub.services.classes.warmer import Warmer
from opendata_hub.services.orphan import end_with_hub
from opendata_hub.services.seal import speak_sealed


async def main() -> None:
    """Start servers of classes until the hub ends this process."""
    lessons = Config.model_validate_json(os.environ[VARIABLE]).lessons
    url, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
    await Warmer(Roster(lessons), url, token).run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[classes] %(message)s")
    end_with_hub()
    speak_sealed()
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
