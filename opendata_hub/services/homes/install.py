"""The lines of a hub's configuration that make it run the service."""

import os
from typing import Any

import jupyterhub

from opendata_hub.services import door
from opendata_hub.services.homes.config import VARIABLE, Config

NAME = "homes"
SCOPES = ("list:users", "read:servers")
"""What it may do in the hub: see who has a server."""

OPEN = f"access:services!service={NAME}"
"""What all users may: open its page."""

ALL = "list:users"
"""Who may this without limits, as admins do, sees how full everybody's home is."""


def add(c: Any, port: int, config: Config | None = None) -> None:
    """
    Let a hub run the service, for everybody to see their own home at ``/services/homes/``.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
        port: of loopback, for the service alone.
        config: where homes are; in Docker volumes unless given.
    """
    service = {
        "name": NAME,
        "url": f"http://127.0.0.1:{port}",
        "command": door.command(__package__),
        "environment": {
            **_way_to_the_engine(),
            VARIABLE: (config or Config()).model_dump_json(),
        },
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": [ALL],
        "display": False,  # our pages have a link of their own
    }
    c.JupyterHub.services.append(service)
    c.JupyterHub.load_roles.append({"name": NAME, "services": [NAME], "scopes": list(SCOPES)})
    _open_to_all(c)
    c.OpenDataSpawner.home_usage = True


def _open_to_all(c: Any) -> None:
    if jupyterhub.version_info >= (6,):
        c.JupyterHub.extra_user_scopes.update({OPEN})
    else:  # it cannot add to what all users may
        c.JupyterHub.load_roles.append({"name": "user", "scopes": ["self", OPEN]})


def _way_to_the_engine() -> dict[str, str]:
    """What leads there; the hub hands none of it down by itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "HOME" or name.startswith("DOCKER_")
    }
