"""The lines of a hub's configuration that make it run the service."""

import os
import sys
from typing import Any

from opendata_hub.machine.network.policy import VARIABLE, Policy

NAME = "network"


def add(c: Any, policy: Policy) -> None:
    """
    Let a hub keep the rules of its network.

    It has no rights in the hub; on the machine, it needs those of root.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
    """
    passed = {name: os.environ[name] for name in ("HOME", "TZ") if name in os.environ}
    c.JupyterHub.services.append(
        {
            "name": NAME,
            "command": [sys.executable, "-m", __package__],
            "environment": {**passed, VARIABLE: policy.model_dump_json()},
        }
    )
