"""The engine's word that a container ran out of memory while it goes on running."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import docker

from opendata_hub.engine.refusals import translated, understood
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
    watch = _Watch(client, label, tell, asyncio.get_running_loop())
    thread = threading.Thread(target=watch.run, name="engine-oom", daemon=True)
    thread.start()
    return thread


class _Watch:
    def __init__(
        self,
        client: docker.APIClient,
        label: str,
        tell: Callable[[OutOfMemory], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._client, self._tell, self._loop = client, tell, loop
        self._filters = {"event": "oom", "label": label}
        self._since = time.time()

    def run(self) -> None:
        while not self._loop.is_closed():
            try:
                with translated():
                    self._follow()
            except EngineError:
                pass  # the engine is away; polls of the servers say so, loudly
            except RuntimeError:
                return  # the loop closed between two events: the hub is gone
            time.sleep(_RECONNECT_AFTER)

    def _follow(self) -> None:
        since = f"{self._since:.9f}"
        for event in self._client.events(since=since, filters=self._filters, decode=True):
            oom = read(event)
            self._since = oom.when + 1e-6
            self._loop.call_soon_threadsafe(self._tell, oom)


def read(event: dict[str, Any]) -> OutOfMemory:
    """
    Read an event of the engine's.

    Raises:
        EngineError: it is none.
    """
    with understood():
        actor = event["Actor"]
        return OutOfMemory(actor["ID"], dict(actor["Attributes"]), event["timeNano"] / 1e9)
