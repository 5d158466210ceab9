"""Pulls: streamed, counted in bytes, shared by all who wait for the same image."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import NotFound

from opendata_hub.engine.lanes import in_background
from opendata_hub.engine.refusals import translated
from opendata_hub.errors import ImageNotFound, PullError

_LOOK_AGAIN = 0.3  # seconds between two looks of a waiter: a bar that moves, at no cost


@dataclass(frozen=True)
class PullProgress:
    """
    Bytes over all layers seen so far, compressed; ``total`` may grow.

    ``0 <= done <= total`` and ``0 <= unpacked <= total``.
    """

    done: int = 0
    """Here already."""
    total: int = 0
    unpacked: int = 0
    """Stays 0 for long on engines that do not count it."""
    unpacking: bool = False
    """Everything is here and is being unpacked."""


@dataclass
class _Layer:
    total: int = 0
    done: int = 0
    unpacked: int = 0
    here: bool = False

    def feed(self, status: str, detail: dict[str, Any]) -> None:
        current, total = detail.get("current", 0), detail.get("total", 0)
        if status == "Downloading" and total > 0:
            # After a broken connection the registry's total is what is left, not the whole.
            self.total = max(self.total, total)
            self.done = self.total - total + min(current, total)
        elif status in ("Download complete", "Extracting", "Pull complete"):
            self.total = max(self.total, total)  # a small layer's download is not always told
            self.here, self.done = True, self.total
            self.unpacked = self.total if status == "Pull complete" else min(current, self.total)


@dataclass
class Tally:
    """Adds up the events of one pull."""

    layers: dict[str, _Layer] = field(default_factory=dict)

    def feed(self, event: dict[str, Any]) -> None:
        """
        Count one event of the engine's stream.

        Raises:
            PullError: the event is the stream's way to say that the pull failed; the HTTP status
                was 200 long before.
        """
        if "error" in event:
            raise PullError(str(event["error"]))
        status = event.get("status", "")
        if status == "Pulling fs layer":
            self.layers[event["id"]] = _Layer()
        elif event.get("id") in self.layers:
            self.layers[event["id"]].feed(status, event.get("progressDetail") or {})

    @property
    def progress(self) -> PullProgress:
        """Where the pull is now."""
        layers = self.layers.values()
        return PullProgress(
            done=sum(layer.done for layer in layers),
            total=sum(layer.total for layer in layers),
            unpacked=sum(layer.unpacked for layer in layers),
            unpacking=bool(layers) and all(layer.here for layer in layers),
        )


class _Pull:
    def __init__(self, client: docker.APIClient, reference: str) -> None:
        self.tally = Tally()
        self.progress = PullProgress()
        self.finished = in_background(lambda: self._run(client, reference), f"pull-{reference}")

    def _run(self, client: docker.APIClient, reference: str) -> None:
        with translated():
            for event in _events(client, reference):
                self.tally.feed(event)
                self.progress = self.tally.progress


def _events(client: docker.APIClient, reference: str) -> Iterator[dict[str, Any]]:
    """
    Ask the engine to pull.

    Raises:
        ImageNotFound: the registry has no such repository or tag, which for the library is any 404.
    """
    try:
        yield from client.pull(reference, stream=True, decode=True)
    except NotFound as error:
        raise ImageNotFound(str(error.explanation or error)) from error


class Pulls:
    """The pulls under way on one engine."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client
        self._running: dict[str, _Pull] = {}

    async def follow(self, reference: str) -> AsyncIterator[PullProgress]:
        """
        Pull an image, or join the pull that is under way, and report until it is done.

        A waiter who leaves does not end the pull: the engine would throw away what it has.

        Raises:
            ImageNotFound, PullError, EngineError: what the registry or the engine said.
        """
        pull = self._running.get(reference) or self._begin(reference)
        while not pull.finished.done():
            yield pull.progress
            await asyncio.wait([pull.finished], timeout=_LOOK_AGAIN)
        pull.finished.result()
        yield pull.progress

    def _begin(self, reference: str) -> _Pull:
        pull = self._running[reference] = _Pull(self._client, reference)
        pull.finished.add_done_callback(lambda _: self._running.pop(reference, None))
        return pull
