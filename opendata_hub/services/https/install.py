"""The lines of a hub's configuration that make it run the service."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from opendata_hub.services.https.config import VARIABLE, Config

NAME = "https"


def add(c: Any, config: Config, way: Mapping[str, str] | None = None) -> None:
    """
    Let a hub answer at an https address, through Caddy.

    It has no rights in the hub.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
        way: variables by which programs get out of the site, to the authority.
    """
    c.JupyterHub.services.append(
        {
            "name": NAME,
            "command": [sys.executable, "-m", __package__],
            "environment": {
                **{name: os.environ[name] for name in ("HOME", "TZ") if name in os.environ},
                **(way or {}),
                VARIABLE: config.model_dump_json(),
            },
        }
    )
    c.JupyterHub.public_url = f"{config.url}/"
    # Caddy, on loopback, has said who asks and how; a second word from in between would hide it.
    c.ConfigurableHTTPProxy.command = [*c.ConfigurableHTTPProxy.command, "--no-x-forward"]
