"""Whether anybody may write to homes: the hub, by starting servers, or servers that run."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from opendata_hub.cli.homes.house import House, names
from opendata_hub.errors import StorageError
from opendata_hub.machine import foreground
from opendata_hub.settings import Settings
from opendata_hub.settings.state import State
from opendata_hub.storage import Home
from opendata_hub.storage.occupants import occupants

_PROXY = b"configurable-http-proxy"


def require(found: House, homes: Sequence[Home]) -> None:
    """
    Make sure that nobody writes to these homes.

    Raises:
        StorageError: servers run, of whom it tells, or the hub does.
        EngineError: the engine does not tell.
    """
    reasons = []
    if used := asyncio.run(occupants(found.engine, homes)):
        reasons.append(
            f"Servers run, of {names(sorted(used))}: people would go on writing where homes are "
            "now. Stop them when nobody works: opendata-hub stop"
        )
    if runs(found.settings):
        reasons.append(
            "The hub runs, and would go on to start servers with the homes where they are now. "
            "Stop it first: Ctrl-C where it runs."
        )
    if reasons:
        raise StorageError("\n".join(reasons))


def runs(settings: Settings) -> bool:
    """Whether the hub of these settings runs: it answers, or its proxy is there."""
    health = f"{settings.hub.inside}/hub/health"
    return foreground.answers(health) or _has_proxy(State(settings.folder).proxy_pid)


def _has_proxy(file: Path) -> bool:
    """Whether there is the proxy of a hub that may be on another port than hub.yaml says."""
    try:
        number = int(file.read_text("utf-8").strip())
        return _PROXY in Path("/proc", str(number), "cmdline").read_bytes()
    except (OSError, ValueError):
        return False
