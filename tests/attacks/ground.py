"""A machine of the tests' own, with an engine, a hub and a world around it, to be attacked."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from opendata_hub.engine import archive
from opendata_hub.homes import volume_name
from tests.attacks import listener, puppet
from tests.browser.product import ProductHub
from tests.engine.own_engines import OwnEngine, own_engine

IMAGE = "opendata-hub/base:1"
"""JupyterLab, and nothing of ours beside it."""

PUPPET = "attacks/puppet:1"
"""A server that means ill."""

OURS, MACHINE = "198.18.4.1", "198.18.4.2"
"""Of the wire between the tests and the machine."""

LAN = "10.66.0.1"
"""The machine's address in its local network."""

ROUTER = "10.66.0.2"
INTERNET = "93.184.215.14"
"""An address of the real internet, which the world around this machine answers for."""

METADATA = ("169.254.169.254", "169.254.170.2", "fd00:ec2::254")
PRIVATE = (ROUTER, "172.31.66.7", "192.168.66.7", "100.64.66.7")
WORLD = (INTERNET, *METADATA, *PRIVATE[1:])

SSH, ENGINE, EXPORTER = 22, 2375, 9100
"""Ports on which the machine answers the world, as many do that should not."""

# No packet leaves: the way out of this machine ends in the world, which is a namespace as well.
WIRES = f"""
ip link add ours type veth peer name {{wire}} netns {{outside}}
ip address add {MACHINE}/30 dev ours
ip link set ours up
ip link add lan type veth peer name machine netns {{world}}
ip address add {LAN}/24 dev lan
ip address add fd66::1/64 dev lan nodad
ip link set lan up
ip route add default via {ROUTER}
ip -6 route add default via fd66::2
"""
OUR_END = f"""
ip address add {OURS}/30 dev {{wire}}
ip link set {{wire}} up
"""
WORLD_S_END = f"""
ip link set lo up
ip address add {ROUTER}/24 dev machine
ip address add fd66::2/64 dev machine nodad
ip link set machine up
{"".join(f"ip address add {address} dev lo;" for address in WORLD)}
ip route add default via {LAN}
ip -6 route add default via fd66::1
"""

# The files of /sys tell of the network in which they were mounted.
SYS = """
mount -t sysfs sysfs /mnt
for folder in class/net devices; do mount --bind /mnt/$folder /sys/$folder; done
umount --lazy /mnt
"""


@dataclass(frozen=True)
class Ground:
    """
    The machine.

    Attributes:
        within: command that another one goes behind to run on it.
    """

    engine: OwnEngine
    client: docker.APIClient
    within: Sequence[str]

    def home(self, user: str) -> Path:
        """The folder of a home, as the machine's root sees it."""
        return self.engine.disk / "volumes" / volume_name(user) / "_data"

    def tidy(self) -> None:
        """Remove all containers and volumes."""
        for container in self.client.containers(all=True):
            self.client.remove_container(container["Id"], force=True, v=True)
        for volume in self.client.volumes()["Volumes"] or ():
            self.client.remove_volume(volume["Name"])


@contextmanager
def ground(folder: Path, client: docker.APIClient) -> Iterator[Ground]:
    """Run the machine, with an image of JupyterLab."""
    with ExitStack() as stack:
        options = "--iptables=true"
        engine = stack.enter_context(own_engine(folder, "3g", filesystem="ext4", options=options))
        within = [*engine.within, "--mount"]
        subprocess.run([*within, "sh", "-euc", SYS], check=True)
        stack.enter_context(_world(engine.within))
        stack.enter_context(_listening(within, SSH, ENGINE, EXPORTER))
        there = stack.enter_context(closing(docker.APIClient(engine.url, timeout=300)))
        there.load_image(client.get_image(IMAGE))
        _build_puppet(there)
        yield Ground(engine, there, within)


def _build_puppet(client: docker.APIClient) -> None:
    program = Path(puppet.__file__).read_bytes()
    files = {"puppet.py": program, "Dockerfile": f"FROM {IMAGE}\n{puppet.LINES}".encode()}
    context = io.BytesIO(archive(files, uid=0, gid=0))
    for event in client.build(fileobj=context, custom_context=True, tag=PUPPET, decode=True):
        assert "error" not in event, event


@contextmanager
def _world(inside: Sequence[str]) -> Iterator[None]:
    """Put a machine into a world, and tie it to the tests."""
    keeper = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"], stdout=subprocess.PIPE
    )
    wire = f"attack{os.getpid()}"
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        ends = {"wire": wire, "outside": os.getpid(), "world": keeper.pid}
        world = ["nsenter", "--target", str(keeper.pid), "--net"]
        for within, script in ((inside, WIRES), ([], OUR_END), (world, WORLD_S_END)):
            subprocess.run([*within, "sh", "-euc", script.format(**ends)], check=True)
        with _listening(world, 80):
            yield
    finally:
        keeper.terminate()
        keeper.communicate()
        subprocess.run(["ip", "link", "delete", wire], stderr=subprocess.DEVNULL)


@contextmanager
def _listening(within: Sequence[str], *ports: int) -> Iterator[None]:
    command = [*within, sys.executable, listener.__file__, *map(str, ports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()


EXTRA = """
c.JupyterHub.load_roles.append({"name": "more", "services": ["tester"], "scopes": ["tokens"]})
"""


class GroundHub(ProductHub):
    """
    The product on that machine, open to its networks, as with the name of a machine in `hub.url`.

    Args:
        extra: lines of configuration after ours.
    """

    def __init__(
        self, folder: Path, ground: Ground, settings: dict[str, Any], extra: str, students: int
    ) -> None:
        self._extra = extra
        super().__init__(folder, ground.client, settings, students)
        self.within = ground.within
        self.url = f"http://{MACHINE}:{self.port}"
        self.api.base_url = f"{self.url}/hub/api"
        self.environment["DOCKER_HOST"] = ground.engine.url

    def configuration(self) -> str:
        """Write hub.yaml with the machine's address."""
        config = super().configuration()
        file = self.folder / "hub.yaml"
        written = json.loads(file.read_text("utf-8"))
        written["hub"]["url"] = f"http://{MACHINE}:{self.port}"
        file.write_text(json.dumps(written), "utf-8")
        return config + EXTRA + self._extra

    def token_of(self, user: str, *scopes: str) -> str:
        """A token of a user's: with all that the user may, or with these scopes only."""
        wish = {"scopes": scopes} if scopes else {}
        made = self.api.post(f"/users/{user}/tokens", json=wish).raise_for_status()
        return str(made.json()["token"])
