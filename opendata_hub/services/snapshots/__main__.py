"""``python -m opendata_hub.services.snapshots``: what the hub starts."""

import asyncio
import logging
import os
import shutil
import subprocess
from contextlib import suppress

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineUnreachable
from opendata_hub.machine import daemon
from opendata_hub.services.orphan import end_with_hub
from opendata_hub.services.snapshots.config import VARIABLE, Config
from opendata_hub.services.snapshots.keeper import Keeper
from opendata_hub.storage import Btrfs, Rule, open_snapshots, open_storage

_ENGINE_PATIENCE = 60  # seconds for an answer of the engine
_PAUSE = 20.0  # seconds between two questions to an engine that does not answer


async def main() -> None:
    """Keep states of homes until the hub ends this process, or is gone itself."""
    config = Config.model_validate_json(os.environ[VARIABLE])
    quick = config.storage == Btrfs.kind
    if not quick:
        await asyncio.sleep(config.settle)
    storage = open_storage(await _engine(), config.storage, config.path, config.identity)
    rule = Rule(config.hourly if quick else 0, config.daily)
    await Keeper(storage, open_snapshots(storage, config.root), rule).run()


async def _engine() -> Engine:
    while True:
        try:
            return Engine(daemon.connect(_ENGINE_PATIENCE).api)
        except EngineUnreachable as error:
            logging.error("No states of homes are kept for now: %s", error)
            await asyncio.sleep(_PAUSE)


def _give_way() -> None:
    """Take processor and disk when nobody else wants them, and so do the programs started here."""
    os.nice(19)
    if program := shutil.which("ionice"):
        subprocess.run([program, "--class", "idle", "--pid", str(os.getpid())], check=False)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[snapshots] %(message)s")
    end_with_hub()
    _give_way()
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
