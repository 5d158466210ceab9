"""A server's container: its command, what it may do, and whose home it has."""

from collections.abc import Mapping
from typing import Any

from opendata_hub import homes
from opendata_hub.catalogue import Image
from opendata_hub.engine.engine import Engine

_FIRST_TO_GO = 500
"""Where the machine's own memory ends, the kernel looks for processes of servers first, and not for
the hub, its proxy or the engine: as if each had half of the machine's memory more than it has."""

PORT = 8888
"""Where servers listen in their containers, in a hub."""


async def command(engine: Engine, reference: str) -> list[str]:
    """Return the image's own command, or ``jupyterhub-singleuser`` where it has none."""
    image = await engine.image(reference)
    return list(image["Config"]["Cmd"] or ["jupyterhub-singleuser"])


def host_config(
    entry: Image | None, memory: int | None, processes: int, operators: Mapping[str, Any]
) -> dict[str, Any]:
    """
    Keywords of docker-py's ``create_host_config``; the operator's own win.

    No capabilities, no new privileges, no swap, a bound on processes, unless the catalogue's entry
    asks otherwise.
    """
    config: dict[str, Any] = {
        "cap_drop": ["ALL"],
        "cap_add": list(entry.capabilities) if entry else [],
        "pids_limit": processes,
        "security_opt": ["no-new-privileges"],
        "oom_score_adj": _FIRST_TO_GO,
    }
    if entry is not None and entry.allow_privilege_escalation:
        del config["security_opt"]
    if memory:
        config["memswap_limit"] = memory  # memory and swap together: no swap
    return {**config, **operators}


def container(labels: Mapping[str, str], operators: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of docker-py's ``create_container``; the operator's own win, but not over labels."""
    return {
        "user": f"{homes.UID}:{homes.GID}",
        "working_dir": homes.HOME,
        **operators,
        "labels": {**operators.get("labels", {}), **labels},
    }
