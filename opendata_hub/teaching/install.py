"""The lines of a hub's configuration that give classes their instructors."""

from collections.abc import Mapping, Sequence
from typing import Any

from opendata_hub.homes import safe_name
from opendata_hub.teaching.apart import keep_apart
from opendata_hub.teaching.handler import handlers

ROLE = "instructors-"
"""First part of the names of their roles; the class's safe name follows."""

SCOPES = ("list:users!group={0}", "servers!group={0}", "access:servers!group={0}")
"""What instructors of a class may do: see its students, and open, start and stop their servers."""


def add(c: Any, classes: Mapping[str, Sequence[str]]) -> None:
    """
    Let instructors look after the servers of their students, on a page of the hub.

    The hub takes the right from whom the lists no longer name, at its next start. Nobody may be an
    instructor or an admin and a student of one of these classes: they would open each other's
    servers.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
        classes: instructors by the group of their students.
    """
    c.JupyterHub.load_roles.extend(map(_role, classes.items()))
    c.JupyterHub.extra_handlers.extend(handlers(list(classes)))
    c.JupyterHub.template_vars.update({"class_page": True})
    keep_apart()
    c.OpenDataSpawner.classes = {name: list(users) for name, users in classes.items()}


def _role(entry: tuple[str, Sequence[str]]) -> dict[str, Any]:
    name, instructors = entry
    return {
        "name": f"{ROLE}{safe_name(name)}",
        "description": f"Instructors of {name}",
        "scopes": [scope.format(name) for scope in SCOPES],
        "users": list(instructors),
    }
