"""``python -m opendata_hub.services.https``: what the hub starts."""

import logging
import os
import signal
import sys
from contextlib import suppress

from opendata_hub.services.https import keeper
from opendata_hub.services.https.config import VARIABLE, Config
from opendata_hub.services.orphan import end_with_hub


def main() -> None:
    """Keep Caddy running until the hub ends this process, or is gone itself."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # Caddy ends with it
    end_with_hub()
    keeper.run(Config.model_validate_json(os.environ[VARIABLE]), logging.info)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[https] %(message)s")
    with suppress(KeyboardInterrupt):
        main()
