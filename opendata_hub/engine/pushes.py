"""Pushes: streamed and counted in bytes; what the registry refuses is raised."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker

from opendata_hub.engine.refusals import translated
from opendata_hub.errors import PushError


@dataclass(frozen=True)
class PushProgress:
    """Bytes over all layers seen so far, unpacked; ``0 <= done <= total``, which may grow."""

    done: int = 0
    total: int = 0
    digest: str = ""
    """By which the registry knows the image; the last news has it."""


@dataclass
class _Tally:
    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    digest: str = ""

    def feed(self, event: dict[str, Any]) -> None:
        if "error" in event:
            raise PushError(str(event["error"]))
        detail, layer = event.get("progressDetail") or {}, event.get("id", "")
        done, total = detail.get("current", 0), detail.get("total", 0)
        if event.get("status") == "Pushing" and total:
            self.layers[layer] = (min(done, total), total)
        elif event.get("status") == "Pushed" and layer in self.layers:
            self.layers[layer] = (self.layers[layer][1],) * 2
        self.digest = (event.get("aux") or {}).get("Digest", self.digest)

    @property
    def progress(self) -> PushProgress:
        done, total = (sum(layer[i] for layer in self.layers.values()) for i in (0, 1))
        return PushProgress(done, total, self.digest)


def push(
    client: docker.APIClient, reference: str, auth: Mapping[str, str] | None = None
) -> Generator[PushProgress, None, None]:
    """
    Push an image, under a tag that the engine has, and tell how far it is; blocks between news.

    Args:
        auth: the registry's login as docker-py takes it; without it, the one that the engine's
            client knows from ``docker login``.

    Raises:
        PushError: the registry refused, or the push broke off.
        EngineError, EngineUnreachable: it was not the push that failed.
    """
    tally = _Tally()
    with translated():
        for event in client.push(reference, stream=True, decode=True, auth_config=auth):
            tally.feed(event)
            yield tally.progress
