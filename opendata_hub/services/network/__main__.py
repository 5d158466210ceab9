"""``python -m opendata_hub.services.network``: what the hub starts."""

import logging
import os
from contextlib import suppress

from opendata_hub.machine.network.keeper import Keeper
from opendata_hub.machine.network.policy import VARIABLE, Policy
from opendata_hub.services.orphan import end_with_hub

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="[network] %(message)s")
    end_with_hub()
    with suppress(KeyboardInterrupt):
        Keeper(Policy.model_validate_json(os.environ[VARIABLE])).run()
