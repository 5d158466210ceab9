"""The lines of a hub's configuration that make it run the service."""

import os
import sys
from typing import Any

from opendata_hub.services.snapshots.config import VARIABLE, Config

NAME = "snapshots"


def add(c: Any, config: Config) -> None:
    """
    Let a hub keep homes as they were, and let people see that at ``~/snapshots``.

    It has no rights in the hub: all that it works on is on the disk.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
    """
    c.OpenDataSpawner.home_snapshots = str(config.root)
    c.JupyterHub.services.append(
        {
            "name": NAME,
            "command": [sys.executable, "-m", __package__],
            "environment": {**_way_to_the_engine(), VARIABLE: config.model_dump_json()},
        }
    )


def _way_to_the_engine() -> dict[str, str]:
    """What leads there; the hub hands none of it down by itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in ("HOME", "TZ") or name.startswith("DOCKER_")
    }
