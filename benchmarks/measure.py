"""Clocks of this machine, and what numbers come to."""

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import docker

_CALM = 0.15  # cores
_LOOK = 0.5  # seconds


def busy() -> float:
    """CPU-seconds that this machine has worked since it started."""
    fields = Path("/proc/stat").read_text("ascii").split("\n")[0].split()[1:]
    user, nice, system, _, _, irq, softirq = (int(field) for field in fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def process(pid: int) -> float:
    """CPU-seconds of a process with its threads, its children not: the hub without its proxy."""
    return time.clock_gettime(~pid << 3 | 2)  # Linux's clock of it: /proc counts in hundredths


def containers(client: docker.APIClient, mark: str) -> float:
    """CPU-seconds, as the engine counts them, of all containers that have this in their name."""
    found = [one["Id"] for one in client.containers(filters={"name": mark})]

    def used(container: str) -> float:
        stats = client.stats(container, stream=False, one_shot=True)
        return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    with ThreadPoolExecutor(8) as threads:
        return sum(threads.map(used, found))


@dataclass(frozen=True)
class Moment:
    """When it is, and the CPU-seconds that machine (less this process) and hub have used by now."""

    seconds: float
    machine: float
    hub: float

    @classmethod
    def now(cls, hub: int) -> "Moment":
        """
        Look at all clocks.

        Args:
            hub: its process id.
        """
        return cls(time.monotonic(), busy() - time.process_time(), process(hub))

    def since(self, other: "Moment") -> "Moment":
        """Return what has passed since another moment."""
        return Moment(
            self.seconds - other.seconds, self.machine - other.machine, self.hub - other.hub
        )


def settle(patience: float = 10.0) -> None:
    """Wait until this machine rests; for some seconds at most, as others may have it work."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        before = busy()
        time.sleep(_LOOK)
        if (busy() - before) / _LOOK < _CALM:
            return


def p95(values: Sequence[float]) -> float:
    """Return the least value that 95 of 100 do not exceed; 0 if there are none."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else 0.0
