"""A Docker Engine of a test's own, on a disk of its own; needs root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hubs import wait_for

# In a network namespace of its own: a second engine in the machine's own one, told to make no
# bridge, removes the first one's.
SCRIPT = """
ip link set lo up
ip address add {address}/32 dev lo
{mount} {folder}/data
exec dockerd -H unix://{folder}/docker.sock --data-root {folder}/data --exec-root {short} \
  --pidfile {folder}/pid --bridge=none --iptables=false --containerd ''
"""


# A file of the machine's own disk becomes one of its own; what is not used of it takes no room.
MOUNTS = {
    "tmpfs": "mount -t tmpfs -o size={disk} tmpfs",
    "ext4": "mkfs.ext4 -q {folder}/disk {disk}; mount -o loop {folder}/disk",
}

ADDRESS = "198.51.100.1"
"""Of each own engine, beside loopback, where an engine asks a registry for no certificate."""


@dataclass(frozen=True)
class OwnEngine:
    """An engine that makes images but no networks."""

    url: str
    within: Sequence[str]
    """Command that another one goes behind to run on the engine's own loopback."""
    disk: Path
    """A folder on its disk, as it is seen from outside."""


@contextmanager
def own_engine(
    folder: Path,
    disk: str,
    environment: Mapping[str, str] | None = None,
    filesystem: str = "tmpfs",
) -> Iterator[OwnEngine]:
    """
    Run an engine.

    Args:
        disk: size of its disk, such as 64m.
        environment: variables for the engine alone.
        filesystem: of its disk: tmpfs, or ext4 on a loop device.
    """
    (folder / "data").mkdir()
    log = folder / "dockerd.log"
    mount = MOUNTS[filesystem].format(folder=folder, disk=disk)
    # The engine makes sockets deep in this one, and a socket's path has 107 characters at most.
    short = tempfile.mkdtemp(prefix="engine-")
    script = SCRIPT.format(folder=folder, mount=mount, address=ADDRESS, short=short)
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private",
             "sh", "-euc", script],
            stdout=output, stderr=output, env={**os.environ, **(environment or {})},
        )  # fmt: skip
    try:
        wait_for(lambda: b"API listen on" in log.read_bytes(), f"the engine answers; see {log}")
        within = ["nsenter", "--target", str(process.pid), "--net"]
        seen = Path(f"/proc/{process.pid}/root", *folder.parts[1:], "data")
        yield OwnEngine(f"unix://{folder}/docker.sock", within, seen)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(short, ignore_errors=True)
