"""The lines of a hub's configuration that make it run the service."""

import os
from typing import Any

from opendata_hub.services import door
from opendata_hub.services.culling.config import VARIABLE, Config

NAME = "culling"
SCOPES = ("list:users", "read:users:groups", "read:servers", "delete:servers")
"""What it may do in the hub: see who has a server and is in which group, and stop servers. What
servers do they are asked with tokens of their own."""


def add(c: Any, config: Config | None = None, port: int | None = None) -> None:
    """
    Let a hub stop servers that nobody uses and nothing runs in.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
        config: when; two hours unless given.
        port: of loopback, for the service alone: there the pages of a server ask when it stops.
            Without it nobody is warned.
    """
    service: dict[str, Any] = {
        "name": NAME,
        "command": door.command(__package__),
        "environment": {
            **_way_to_the_engine(),
            "JUPYTERHUB_REQUEST_TIMEOUT": "20",  # seconds for the hub to answer the culler
            VARIABLE: (config or Config()).model_dump_json(),
        },
    }
    if port:
        service |= {"url": f"http://127.0.0.1:{port}", "display": False}
        c.OpenDataSpawner.stop_warning = True
    c.JupyterHub.services.append(service)
    role = {"name": NAME, "services": [NAME], "scopes": list(SCOPES)}
    c.JupyterHub.load_roles.append(role)


def _way_to_the_engine() -> dict[str, str]:
    """What leads there; the hub hands none of it down by itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "HOME" or name.startswith("DOCKER_")
    }
