"""A server's container: its command, what it may do, and whose home it has."""

from collections.abc import Mapping
from typing import Any

from docker.types import LogConfig

from opendata_hub import homes
from opendata_hub.catalogue import Image
from opendata_hub.engine import seccomp
from opendata_hub.engine.engine import Engine

_FIRST_TO_GO = 500
"""Where the machine's own memory ends, the kernel looks for processes of servers first, and not for
the hub, its proxy or the engine: as if each had half of the machine's memory more than it has."""

_LOG = {"max-size": "5m", "max-file": "2"}
"""Bounds of what a server prints, which the engine keeps: else it could fill the engine's disk."""

PORT = 8888
"""Where servers listen in their containers, in a hub."""


async def command(engine: Engine, reference: str) -> list[str]:
    """Return the image's own command, or ``jupyterhub-singleuser`` where it has none."""
    image = await engine.image(reference)
    return list(image["Config"]["Cmd"] or ["jupyterhub-singleuser"])


def host_config(
    entry: Image | None,
    memory: int | None,
    processes: int,
    operators: Mapping[str, Any],
    info: Mapping[str, Any],
) -> dict[str, Any]:
    """
    Keywords of docker-py's ``create_host_config``; the operator's own win.

    No capabilities, no new privileges, a short list of what may be asked of the kernel, no swap, a
    bound on processes, unless the catalogue's entry asks otherwise.

    Args:
        info: the engine's answer to ``/info``.
    """
    config: dict[str, Any] = {
        "cap_drop": ["ALL"],
        "cap_add": list(entry.capabilities) if entry else [],
        "pids_limit": processes,
        "security_opt": _walls(entry, info),
        "ipc_mode": "private",
        "oom_score_adj": _FIRST_TO_GO,
    }
    if memory:
        config["memswap_limit"] = memory  # memory and swap together: no swap
        config["shm_size"] = memory // 2  # as Linux has it; what is in there counts as memory
    if info.get("LoggingDriver") == "json-file":  # others are the operator's choice
        config["log_config"] = LogConfig(type="json-file", config=_LOG)
    return {**config, **operators}


def _walls(entry: Image | None, info: Mapping[str, Any]) -> list[str]:
    """Security options; with more rights go more calls, which the engine's own profile knows."""
    walls = [] if entry and entry.allow_privilege_escalation else ["no-new-privileges"]
    is_trusted = entry and (entry.capabilities or entry.allow_privilege_escalation)
    return walls if is_trusted else [*walls, *seccomp.options(info)]


def container(labels: Mapping[str, str], operators: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of docker-py's ``create_container``; the operator's own win, but not over labels."""
    return {
        "user": f"{homes.UID}:{homes.GID}",
        "working_dir": homes.HOME,
        **operators,
        "labels": {**operators.get("labels", {}), **labels},
    }
