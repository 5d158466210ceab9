"""A Docker Engine of a test's own, on a disk of its own; needs root."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.hubs import wait_for

# In a network namespace of its own: a second engine in the machine's own one, told to make no
# bridge, removes the first one's. The shell keeps it, and the disk, while the engine is down.
SCRIPT = """
exec 3>&1 >&2
ip link set lo up
ip address add {address}/32 dev lo
{mount} {folder}/data
{network}
echo ready >&3
exec sleep infinity
"""

# No firewall is needed: nothing of the engine's is reached but from this machine, by the wire.
# Groups of processes go by their path (cgroups.py), which systemd would have as a slice.
DAEMON = (
    "dockerd -H unix://{folder}/docker.sock --data-root {folder}/data --exec-root {short}"
    " --pidfile {folder}/pid --iptables=false --containerd="
    " --exec-opt native.cgroupdriver=cgroupfs"
)


# A file of the machine's own disk becomes one of its own; what is not used of it takes no room.
MOUNTS = {
    "tmpfs": "mount -t tmpfs -o size={disk} tmpfs",
    "ext4": "mkfs.ext4 -q {folder}/disk {disk}; mount -o loop {folder}/disk",
    "ext4, few files": "mkfs.ext4 -q -N 9000 {folder}/disk {disk}; mount -o loop {folder}/disk",
}

ADDRESS = "198.51.100.1"
"""Of each own engine, beside loopback, where an engine asks a registry for no certificate."""

# The range for measurements inside one's own house: nobody else's addresses.
HERE, THERE, CONTAINERS, BRIDGE = "198.18.0.1", "198.18.0.2", "198.18.1.0/24", "198.18.1.1/24"
WIRE = f"""
ip link add wire type veth peer name {{wire}} netns {{outside}}
ip address add {THERE}/30 dev wire
ip link set wire up
ip route add default via {HERE}
"""
OUR_END = f"""
ip address add {HERE}/30 dev {{wire}}
ip link set {{wire}} up
ip route add {CONTAINERS} via {THERE}
"""


class OwnEngine:
    """An engine that makes images and, where it has a wire, containers with addresses."""

    def __init__(
        self, folder: Path, keeper: int, options: str, environment: Mapping[str, str]
    ) -> None:
        # The engine makes sockets deep in this one, and a socket's path has 107 characters at most.
        self._sockets = Path(tempfile.mkdtemp(prefix="engine-"))
        self._command = f"{DAEMON.format(folder=folder, short=self._sockets)} {options}"
        self.environment = environment
        """Variables for it alone, from its next start on."""
        self._log = folder / "dockerd.log"
        self.url = f"unix://{folder}/docker.sock"
        self.keeper = keeper
        """Process whose network and mounts are the engine's."""
        self.within: Sequence[str] = ["nsenter", "--target", str(keeper), "--net"]
        """Command that another one goes behind to run on the engine's own loopback."""
        self.disk = Path(f"/proc/{keeper}/root", *folder.parts[1:], "data")
        """A folder on its disk, as it is seen from outside."""

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.within, "--mount", *self._command.split()],
                stdout=output, stderr=output, env={**os.environ, **self.environment},
            )  # fmt: skip
        wait_for(
            lambda: b"API listen on" in self._log.read_bytes(),
            f"the engine answers; see {self._log}",
        )

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """End it; where it is asked to, its containers end with it. Disk and network stay."""
        self.process.send_signal(sign)
        self.process.wait()
        # Where nobody buries the dead, a killed engine's containerd counts as running for ever.
        (self._sockets / "containerd" / "containerd.pid").unlink(missing_ok=True)

    @contextmanager
    def down(self, sign: int = signal.SIGTERM) -> Iterator[None]:
        """Have it ended, and start it again, which ends containers that have outlived it."""
        self.stop(sign)
        try:
            yield
        finally:
            self.start()


@contextmanager
def own_engine(
    folder: Path,
    disk: str,
    environment: Mapping[str, str] | None = None,
    filesystem: str = "tmpfs",
    wired: bool = False,
    options: str = "",
) -> Iterator[OwnEngine]:
    """
    Run an engine.

    Args:
        disk: size of its disk, such as 64m.
        environment: variables for the engine alone.
        filesystem: of its disk: tmpfs, or ext4 on a loop device, with room for few files or many.
        wired: it has a bridge, whose containers reach this machine at ``HERE``, and are reached
            by their addresses. One engine at a time may be.
        options: more of them, for the daemon.
    """
    (folder / "data").mkdir()
    options += f" --bip={BRIDGE} --ip-masq=false" if wired else " --bridge=none"
    with _namespaces(folder, disk, filesystem, wired) as keeper:
        engine = OwnEngine(folder, keeper, options, environment or {})
        try:
            engine.start()
            yield engine
        finally:
            engine.close()


@contextmanager
def _namespaces(folder: Path, disk: str, filesystem: str, wired: bool) -> Iterator[int]:
    """Have a network and a disk for an engine: the id of the process that keeps them."""
    wire = f"wire{os.getpid()}"
    network = WIRE.format(wire=wire, outside=os.getpid()) if wired else ""
    mount = MOUNTS[filesystem].format(folder=folder, disk=disk)
    script = SCRIPT.format(folder=folder, mount=mount, address=ADDRESS, network=network)
    keeper = subprocess.Popen(
        ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-euc", script],
        stdout=subprocess.PIPE,
    )
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        if wired:
            subprocess.run(["sh", "-euc", OUR_END.format(wire=wire)], check=True)
        yield keeper.pid
    finally:
        keeper.terminate()
        keeper.communicate()
        if wired:  # what a test has left in there may keep it
            subprocess.run(["ip", "link", "delete", wire], stderr=subprocess.DEVNULL)
