"""The lines of a hub's configuration that make it run the service."""

import sys
from collections.abc import Sequence
from typing import Any

from opendata_hub.services.classes.config import VARIABLE, Config, Lesson

NAME = "classes"
SCOPES = ("list:users", "read:servers", "servers")
"""What it may do in the hub: see who has a server, and start servers."""


def add(c: Any, lessons: Sequence[Lesson]) -> None:
    """
    Let a hub start the servers of classes ahead of their lessons.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
    """
    c.JupyterHub.services.append(
        {
            "name": NAME,
            "command": [sys.executable, "-m", __package__],
            "environment": {VARIABLE: Config(lessons=tuple(lessons)).model_dump_json()},
        }
    )
    role = {"name": NAME, "services": [NAME], "scopes": list(SCOPES)}
    c.JupyterHub.load_roles.append(role)
