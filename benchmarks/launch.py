"""
One student's server, started plainly and quickly: seconds, CPU-seconds, memory.

A real hub; the two take turns. CPU and memory are the container's own, as the engine counts them.
First the image as it is, then with the newest jsonschema, as a plain `pip install jupyterlab`
brings it: the catalogue's own images keep an older one, which builds no grammars.
"""

import secrets
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import docker

from benchmarks.machine import plain_image
from tests.conftest import STARTER
from tests.hubs import RunningHub, running_hub

_HUB = """
c.OpenDataSpawner.catalogue = [
    dict(slug=slug, display_name=slug, image="{image}", fast_launch=slug == "quick")
    for slug in ("plain", "quick")
]
"""


@dataclass(frozen=True)
class Launch:
    """One start: seconds to ready, CPU-seconds up to then, and MB of memory that are in use."""

    seconds: float
    cpu: float
    memory: float


@click.command()
@click.option("--rounds", default=9, show_default=True, help="Starts of each kind.")
@click.option("--image", default=STARTER, show_default=True)
def main(rounds: int, image: str) -> None:
    """Measure, and print a table: median (lowest-highest)."""
    client = docker.APIClient(version="auto", timeout=600)
    print("| image | launch | seconds | CPU-s | MB |\n|---|---|---|---|---|")
    _compare(client, image, image, rounds)
    _compare(client, plain_image(client, image), f"{image}, newest jsonschema", rounds)


def _compare(client: docker.APIClient, image: str, what: str, rounds: int) -> None:
    runs: dict[str, list[Launch]] = {"plain": [], "quick": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_hub(Path(folder), client, _HUB.format(image=image)) as hub,
    ):
        user = hub.add_user(f"bench-{secrets.token_hex(4)}")
        for kind in runs:
            _launch(hub, user, kind)  # the first of each makes home and volume, and reads the disk
        for _ in range(rounds):
            for kind, launches in runs.items():
                launches.append(_launch(hub, user, kind))
    for kind, launches in runs.items():
        columns = (_spread([getattr(one, name) for one in launches]) for name in _COLUMNS)
        print(f"| {what} | {kind} | {' | '.join(columns)} |", flush=True)


_COLUMNS = ("seconds", "cpu", "memory")


def _spread(values: list[float]) -> str:
    digits = 0 if min(values) > 20 else 2
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def _launch(hub: RunningHub, user: str, kind: str) -> Launch:
    began = time.monotonic()
    start = hub.start(user, {"image": kind})
    seconds = time.monotonic() - began
    assert start.ok, start
    used = hub.client.stats(hub.container(user)["Id"], stream=False, one_shot=True)
    hub.stop(user)
    return Launch(seconds, used["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, _memory(used))


def _memory(used: dict[str, Any]) -> float:
    kinds = used["memory_stats"]["stats"]
    return float(kinds.get("anon", kinds.get("rss", 0))) / 1e6  # control groups, version 2 and 1


if __name__ == "__main__":
    main()
