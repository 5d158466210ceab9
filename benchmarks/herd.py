"""
A class that presses Start together: plain DockerSpawner, the same with a long http_timeout, ours.

All wait on the progress stream, as browsers do, and never poll. The three take turns on the same
machine and image. What it prints goes into README.md by hand, with the machine that it comes from.
"""

import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import docker
import httpx

from opendata_hub import homes
from opendata_hub.engine import ensure_network
from tests.conftest import STARTER
from tests.hubs import RunningHub, run

_PLAIN = """
c.JupyterHub.spawner_class = "docker"
c.JupyterHub.hub_ip = "{gateway}"
c.JupyterHub.concurrent_spawn_limit = 0
c.DockerSpawner.image = "{image}"
c.DockerSpawner.cmd = "jupyterhub-singleuser"
c.DockerSpawner.remove = True
c.DockerSpawner.network_name = "opendata-hub"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.extra_create_kwargs = {{"labels": {{"{label}.role": "server"}}}}
c.DockerSpawner.extra_host_config = {{"init": False}}
{more}
"""
_OURS = """
c.JupyterHub.spawner_class = "opendata"
c.JupyterHub.hub_ip = "{gateway}"
c.JupyterHub.concurrent_spawn_limit = 0
c.OpenDataSpawner.catalogue = [dict(slug="one", display_name="One", image="{image}")]
c.DockerSpawner.network_name = "opendata-hub"
c.DockerSpawner.use_internal_ip = True
"""
_KINDS = {
    "plain": _PLAIN.replace("{more}", ""),
    "plain-300": _PLAIN.replace("{more}", "c.Spawner.http_timeout = 300"),
    "ours": _OURS,
}
_PATIENCE = 600.0  # seconds


@dataclass(frozen=True)
class Herd:
    """How one herd went; seconds, and CPU-seconds of the whole machine for each user."""

    kind: str
    users: int
    ok: int
    makespan: float
    mean: float
    p95: float
    cpu: float


@click.command()
@click.option("--users", default="1,20", show_default=True, help="Sizes of the class.")
@click.option("--runs", default=3, show_default=True)
@click.option("--kinds", default=",".join(_KINDS), show_default=True)
@click.option("--save", type=click.Path(path_type=Path), help="Write the runs as JSON.")
def main(users: str, runs: int, kinds: str, save: Path | None) -> None:
    """Measure, and print medians as a table."""
    client = docker.APIClient(version="auto", timeout=600)
    herds: list[Herd] = []
    for size in map(int, users.split(",")):
        for _ in range(runs):
            for kind in kinds.split(","):
                with _hub(client, kind) as hub:
                    herds.append(asyncio.run(_press(hub, kind, size)))
                    print(herds[-1], file=sys.stderr)
    _table(herds)
    if save:
        save.write_text(json.dumps([asdict(herd) for herd in herds], indent=1))


class _BenchHub(RunningHub):
    kind = ""

    def configuration(self) -> str:
        gateway = ensure_network("opendata-hub", {f"{homes.LABEL}.role": "network"})
        config = _KINDS[self.kind].format(gateway=gateway, image=STARTER, label=homes.LABEL)
        return self.any_hub() + config


@contextmanager
def _hub(client: docker.APIClient, kind: str) -> Iterator[RunningHub]:
    with tempfile.TemporaryDirectory() as folder:
        hub = type("Hub", (_BenchHub,), {"kind": kind})(Path(folder), client, "")
        with run(hub):
            yield hub
        for container in client.containers(all=True, filters={"network": "opendata-hub"}):
            if any(user in container["Names"][0] for user in hub.users):
                client.remove_container(container["Id"], force=True, v=True)


async def _press(hub: RunningHub, kind: str, size: int) -> Herd:
    users = [hub.add_user(f"herd{secrets.token_hex(4)}") for _ in range(size)]
    before, began = _busy(), time.monotonic()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=hub.api.base_url, headers=hub.api.headers, timeout=_PATIENCE, limits=limits
    ) as http:
        seconds = await asyncio.gather(*(_one(http, user) for user in users))
    makespan, cpu = time.monotonic() - began, _busy() - before
    got_in = sorted(second for second in seconds if second is not None)
    for user in users:
        hub.api.delete(f"/users/{user}/server")
    return Herd(
        kind=kind,
        users=size,
        ok=len(got_in),
        makespan=round(makespan, 2),
        mean=round(statistics.mean(got_in), 2) if got_in else 0.0,
        p95=round(got_in[int(0.95 * (len(got_in) - 1))], 2) if got_in else 0.0,
        cpu=round(cpu / size, 2),
    )


async def _one(http: httpx.AsyncClient, user: str) -> float | None:
    """Seconds from the click until the server is ready; None where it does not become so."""
    began = time.monotonic()
    answer = await http.post(f"users/{user}/server")
    if answer.status_code == 201:
        return time.monotonic() - began
    async with http.stream("GET", f"users/{user}/server/progress") as stream:
        async for line in stream.aiter_lines():
            event: dict[str, Any] = json.loads(line[5:]) if line.startswith("data:") else {}
            if event.get("ready"):
                return time.monotonic() - began
            if event.get("failed"):
                return None
    return None


def _busy() -> float:
    """CPU-seconds that this machine has worked since it started."""
    fields = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    user, nice, system, _, _, irq, softirq = (int(field) for field in fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _table(herds: list[Herd]) -> None:
    print(
        "| users | kind | ok | makespan | mean | p95 | CPU-s/user |\n|---|---|---|---|---|---|---|"
    )
    for users, kind in dict.fromkeys((herd.users, herd.kind) for herd in herds):
        of = [herd for herd in herds if (herd.users, herd.kind) == (users, kind)]
        ok = "/".join(str(herd.ok) for herd in of)
        columns = ("makespan", "mean", "p95", "cpu")
        medians = [statistics.median(getattr(herd, column) for herd in of) for column in columns]
        shown = " | ".join(f"{median:.2f}" for median in medians)
        print(f"| {users} | {kind} | {ok} | {shown} |")


if __name__ == "__main__":
    main()
