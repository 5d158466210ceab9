"""The engine's word that a container ran out of memory while it goes on running."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import docker

from opendata_hub.engine.refusals import translated
from opendata_hub.errors import EngineError

_RECONNECT_AFTER = 2.0  # seconds


@dataclass(frozen=True)
class OutOfMemory:
    """The kernel ended a process of this container for want of memory."""

    container_id: str
    labels: dict[str, str]
    when: float
    """Seconds since 1970."""


def watch(
    client: docker.APIClient, label: str, tell: Callable[[OutOfMemory], None]
) -> threading.Thread:
    """
    Call ``tell`` on the running loop for each ``oom`` event of a container with this label.

    Goes on for the life of the process, over restarts of the engine: events from while the
    connection was down are asked for again.
    """
    loop = asyncio.get_running_loop()

    def follow(since: float) -> float:
        filters = {"event": "oom", "label": label}
        for event in client.events(since=f"{since:.9f}", filters=filters, decode=True):
            since = event["timeNano"] / 1e9 + 1e-6
            loop.call_soon_threadsafe(tell, _parse(event))
        return since

    def work() -> None:
        since = time.time()
        while not loop.is_closed():
            try:
                with translated():
                    since = follow(since)
            except EngineError:
                pass  # the engine is away; polls of the servers say so, loudly
            except RuntimeError:
                return  # the loop closed between two events: the hub is gone
            time.sleep(_RECONNECT_AFTER)

    thread = threading.Thread(target=work, name="engine-oom", daemon=True)
    thread.start()
    return thread


def _parse(event: dict[str, Any]) -> OutOfMemory:
    actor = event["Actor"]
    return OutOfMemory(actor["ID"], dict(actor["Attributes"]), event["timeNano"] / 1e9)
