"""What a server's container may do, and what the engine knows it by."""

from collections.abc import Mapping
from typing import Any

from opendata_hub import homes
from opendata_hub.catalogue import Image


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


def labels(user: str, server: str, image: str) -> dict[str, str]:
    """Labels of a server's container; ``image`` is its slug, empty for an image of one's own."""
    label = homes.LABEL
    return {
        f"{label}.role": "server",
        f"{label}.user": user,
        f"{label}.server": server,
        f"{label}.image": image,
    }
