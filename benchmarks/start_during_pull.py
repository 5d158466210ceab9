"""
A student's start while the images service pulls a large image, against without a pull.

A real hub, a real registry on loopback, the starter image, and an image of about 2 GB of what
scientific images hold, so that it unpacks like one. Starts without and with a pull take turns, as
machines drift: as many as fit into each pull, from its first bytes to the end of its unpacking, and
as many without, after the machine has come to rest.
"""

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import docker
import httpx

from benchmarks.measure import busy
from tests.conftest import STARTER, remove_image
from tests.hubs import RunningHub, free_ports, running_hub, wait_for
from tests.proxies import proxied
from tests.registries import Registry, registry

_HUB = """
c.OpenDataSpawner.catalogue = catalogue = [
    {{"slug": "starter", "display_name": "Starter", "image": "{starter}", "default": True}},
    {{"slug": "large", "display_name": "Large", "image": "{large}"}},
]
c.JupyterHub.load_roles[0]["scopes"].append("access:services")
from opendata_hub.services import images
images.add(c, {port}, catalogue, check_every=86400)
"""
# Copied, it has layers that the engine does not know yet.
_LARGE = """
FROM {source} AS source
FROM scratch
COPY --from=source /usr /usr
COPY --from=source /opt /opt
"""
_PATIENCE = 900  # seconds for one pull
_AT_ONCE = 6  # starts without a pull, in each round


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Pulls.")
@click.option("--rate", type=float, help="MB/s of the line to the registry.  [default: all]")
@click.option("--source", default="opendata-hub/root:1", show_default=True)
def main(rounds: int, rate: float | None, source: str) -> None:
    """Measure, print both medians and their ratio; exit with 1 above 1.3."""
    client = docker.APIClient(version="auto", timeout=600)
    name = f"large:{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder, registry(Path(folder)) as store:
        _push(client, store, source, name)
        with _line(store.port, rate) as port:
            large = f"localhost:{port}/{name}"
            extra = _HUB.format(starter=STARTER, large=large, port=free_ports(1)[0])
            with running_hub(Path(folder), client, extra) as hub:
                alone, pulling = _measure(hub, client, large, rounds)
            remove_image(client, large)
    _tell("without a pull", alone)
    _tell("with a pull", pulling)
    ratio = statistics.median(pulling) / statistics.median(alone)
    print(f"ratio {ratio:.2f}")
    sys.exit(ratio > 1.3)


@contextmanager
def _line(registry: int, rate: float | None) -> Iterator[int]:
    """The port at which the registry answers: its own, or that of a slower line."""
    if rate is None:
        yield registry
        return
    with proxied(registry) as line:
        line.rate = rate * 1e6
        yield line.port


def _tell(what: str, seconds: list[float]) -> None:
    shown = " ".join(f"{one:.2f}" for one in sorted(seconds))
    print(f"{what}: median {statistics.median(seconds):.2f} s of {shown}")


def _push(client: docker.APIClient, store: Registry, source: str, name: str) -> None:
    ours = f"opendata-hub/benchmark-{name}"
    print(f"Making a large image of {source}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(_LARGE.format(source=source))
        for event in client.build(path=folder, tag=ours, decode=True, rm=True, nocache=True):
            assert "error" not in event, event
    print(f"Pushing {client.inspect_image(ours)['Size'] / 1e9:.1f} GB")
    store.push(client, ours, name)
    client.remove_image(ours)


def _measure(
    hub: RunningHub, client: docker.APIClient, large: str, rounds: int
) -> tuple[list[float], list[float]]:
    alone, pulling = [], []
    user = hub.add_user(f"bench-{secrets.token_hex(4)}")
    _start(hub, user)  # the first one makes the home
    for _ in range(rounds):
        wait_for(lambda: _state(hub)["state"] == "present", "the large image is here", _PATIENCE)
        remove_image(client, large)
        _rest()
        alone += [_start(hub, user) for _ in range(_AT_ONCE)]
        _service(hub, "POST", "api/large")
        wait_for(lambda: (_state(hub)["pull"] or {"done": 0})["done"] > 1e7, "the pull runs")
        pulling += _starts_in_pull(hub, user)
        print(f"{len(alone)} alone, {len(pulling)} with a pull", flush=True)
    return alone, pulling


def _starts_in_pull(hub: RunningHub, user: str) -> list[float]:
    """Seconds of each start that ended before the pull did."""
    seconds: list[float] = []
    while True:
        one = _start(hub, user)
        if _state(hub)["state"] == "present":
            return seconds
        seconds.append(one)


def _rest() -> None:
    """Wait until what the last pull left is on the disk, and the machine does next to nothing."""
    os.sync()
    wait_for(lambda: _busy_share() < 0.1, "the machine is at rest", _PATIENCE)


def _busy_share() -> float:
    """Share of one core that is busy, in a second."""
    before = busy()
    time.sleep(1)
    return busy() - before


def _start(hub: RunningHub, user: str) -> float:
    began = time.monotonic()
    start = hub.start(user)
    seconds = time.monotonic() - began
    assert start.ok, start
    hub.stop(user)
    return seconds


def _state(hub: RunningHub) -> dict[str, Any]:
    images = _service(hub, "GET", "api").json()["images"]
    return {key: images[1][key] for key in ("state", "pull")}


def _service(hub: RunningHub, method: str, path: str) -> httpx.Response:
    answer = hub.api.request(method, f"{hub.url}/services/images/{path}")
    return answer.raise_for_status()


if __name__ == "__main__":
    main()
