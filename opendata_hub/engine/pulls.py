"""Pulls: streamed, counted in bytes, shared by all who wait for the same image."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import NotFound
from docker.utils import parse_repository_tag
from requests import ReadTimeout
from urllib3.exceptions import ReadTimeoutError

from opendata_hub.engine.lanes import in_background
from opendata_hub.engine.refusals import translated, understood
from opendata_hub.errors import ImageNotFound, PullError
from opendata_hub.registries import Login, auth_config

BROUGHT = "opendata-hub/brought"
"""Repository of a second tag that each pulled image gets, the first 12 digits of its id: what has
it came through us, and may go again when nothing names it."""

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
            EngineError: it is no event of a pull.
        """
        with understood():
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


def pull(
    client: docker.APIClient, reference: str, auth: Mapping[str, str] | None = None
) -> Generator[PullProgress, None, None]:
    """
    Pull an image and tell how far it is; blocks between two news of the engine.

    Whoever closes the iterator early ends the pull, unless somebody else waits for the same image.
    The image is marked with a tag of :data:`BROUGHT`.

    Args:
        auth: the registry's login as docker-py takes it; without it, the one that the engine's
            client knows from ``docker login``.

    Raises:
        ImageNotFound: the registry has no such image, or asks for a login.
        PullError: what the engine said; nothing came for as long as the client waits, which is
            for ever unless it is a :class:`~opendata_hub.engine.Puller`.
        EngineError, EngineUnreachable: it was not the pull that failed.
    """
    tally = Tally()
    repository, tag = parse_repository_tag(reference)
    with translated():
        for event in _events(client, repository, tag or "latest", auth):
            tally.feed(event)
            yield tally.progress
        _mark(client, reference)


def _events(
    client: docker.APIClient, repository: str, tag: str, auth: Mapping[str, str] | None
) -> Iterator[dict[str, Any]]:
    try:
        yield from client.pull(repository, tag, stream=True, decode=True, auth_config=auth)
    except NotFound as error:  # any 404, which for the library is no image but a resource
        raise ImageNotFound(str(error.explanation or error)) from error
    except (ReadTimeoutError, ReadTimeout) as error:  # within the answer, or before its first word
        raise PullError(f"nothing came from the registry for {client.timeout:.0f} s") from error


def _mark(client: docker.APIClient, reference: str) -> None:
    image = client.inspect_image(reference)["Id"]
    client.tag(image, BROUGHT, image.removeprefix("sha256:")[:12])


class Pull:
    """
    A pull in a thread of its own, begun at once.

    Attributes:
        progress: where it is now.
        finished: future of the running loop: True when the image is here, False after
            :meth:`leave`; else what :func:`pull` raises.
    """

    def __init__(
        self, client: docker.APIClient, reference: str, auth: Mapping[str, str] | None = None
    ) -> None:
        self.progress = PullProgress()
        self._left = False
        self.finished = in_background(
            lambda: self._run(client, reference, auth), f"pull-{reference}"
        )

    def _run(
        self, client: docker.APIClient, reference: str, auth: Mapping[str, str] | None
    ) -> bool:
        with closing(pull(client, reference, auth)) as news:
            for self.progress in news:
                if self._left:
                    return False
        return True

    def leave(self) -> None:
        """
        End it at the engine's next news, unless others wait for the same image.

        While the registry is silent there are none, but then it takes nothing from others either.
        """
        self._left = True


class Pulls:
    """The pulls under way on one engine."""

    def __init__(self, client: docker.APIClient, logins: Mapping[str, Login] | None = None) -> None:
        self._client = client
        self._logins = logins or {}
        self._running: dict[str, Pull] = {}

    async def follow(self, reference: str) -> AsyncIterator[PullProgress]:
        """
        Pull an image, or join the pull that is under way, and report until it is done.

        A waiter who leaves does not end the pull: the engine would throw away what it has.

        Raises:
            ImageNotFound, PullError, EngineError: what the registry or the engine said.
        """
        running = self._running.get(reference) or self._begin(reference)
        while not running.finished.done():
            yield running.progress
            await asyncio.wait([running.finished], timeout=_LOOK_AGAIN)
        running.finished.result()
        yield running.progress

    def _begin(self, reference: str) -> Pull:
        auth = auth_config(self._logins, reference)
        running = self._running[reference] = Pull(self._client, reference, auth)
        running.finished.add_done_callback(lambda _: self._running.pop(reference, None))
        return running
