"""A Docker Engine of a test's own, on a disk of its own; needs root."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hubs import wait_for

# In a network namespace of its own: a second engine in the machine's own one, told to make no
# bridge, removes the first one's.
SCRIPT = """
ip link set lo up
mount -t tmpfs -o size={disk} tmpfs {folder}/data
exec dockerd -H unix://{folder}/docker.sock --data-root {folder}/data --exec-root {folder}/exec \
  --pidfile {folder}/pid --bridge=none --iptables=false --containerd ''
"""


@dataclass(frozen=True)
class OwnEngine:
    """An engine that makes images but no networks."""

    url: str
    within: Sequence[str]
    """Command that another one goes behind to run on the engine's own loopback."""


@contextmanager
def own_engine(folder: Path, disk: str) -> Iterator[OwnEngine]:
    """Run an engine whose disk has this size, such as 64m."""
    (folder / "data").mkdir()
    log = folder / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private",
             "sh", "-euc", SCRIPT.format(folder=folder, disk=disk)],
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_for(lambda: b"API listen on" in log.read_bytes(), f"the engine answers; see {log}")
        within = ["nsenter", "--target", str(process.pid), "--net"]
        yield OwnEngine(f"unix://{folder}/docker.sock", within)
    finally:
        process.terminate()
        process.wait()
