"""
A lab on this machine: a host with an engine, and beyond its one cable everything else there is.

Both are network namespaces, so that a test can have metadata services, private ranges, resolvers
and an internet of its own, each with somebody who answers.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import docker

from opendata_hub.machine import packages
from opendata_hub.machine.network import Policy
from tests.engine.own_engines import OwnEngine, own_engine
from tests.hubs import wait_for

IMAGE = "opendata-hub/debian:bookworm"
OPTIONS = "--iptables=true --default-address-pool=base=10.200.0.0/22,size=24"
"""Of the engine: its own rules, and addresses for four networks."""

HOST, HOST6 = "10.250.0.2", "2620:fe:1::2"
NETWORK, POOL, GATEWAY = "opendata-hub-8000", "172.30.0.0/24", "172.30.0.1"
POOL6, GATEWAY6 = "fd77::/64", "fd77::1"
PUBLIC, HUB, OTHER = 8000, 8081, 9000
"""Ports of the host: the one people type, the hub's API, and somebody else's."""

RESOLVER = "10.99.0.53"
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192")
PRIVATE = ("10.20.0.5", "10.20.0.6", "172.31.0.9", "192.168.77.1", "100.64.0.9", "169.254.7.7")
INTERNET = ("9.9.9.9", "9.9.9.10")
METADATA6, PRIVATE6, INTERNET6 = ("fd00:ec2::254", "fd20:ce::254"), ("fd20::5",), ("2620:fe::9",)
NAMES = {
    "lesson.example.org": "9.9.9.10",
    "licence.example.org": "10.20.0.6",
    "rebound.example.org": "10.20.0.5",
    "metadata.google.internal": "169.254.169.254",
}
CABLE = f"""
ip link add lab netns {{host}} type veth peer name town netns {{town}}
{{in_host}} ip address add {HOST}/24 dev lab
{{in_host}} ip address add {HOST6}/64 dev lab nodad
{{in_host}} ip link set lab up
{{in_town}} ip address add 10.250.0.1/24 dev town
{{in_town}} ip address add 2620:fe:1::1/64 dev town nodad
{{in_town}} ip link set town up
{{in_host}} ip route add default via 10.250.0.1
{{in_host}} ip -6 route add default via 2620:fe:1::1
{{in_town}} ip -6 route add {POOL6} via {HOST6}
"""
TOWN = "ip link set lo up; for one in {addresses}; do ip address add $one dev lo; done; exec {run}"
PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reaches(place):
    try:
        socket.create_connection(tuple(place), timeout=3).close()
        return True
    except OSError:
        return False
with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(reaches, json.loads(sys.argv[1])))))
"""

SERVE = "import sys; sys.argv[1:] = ['8888', '{}']; exec(open('/town.py').read())"
"""What a container does that answers on port 8888."""

Place = tuple[str, int]


class Lab:
    """A host with an engine, a server on it, and a town around it."""

    def __init__(
        self, own: OwnEngine, client: docker.DockerClient, folder: Path, town: int
    ) -> None:
        self.own, self.client, self.folder, self.town = own, client, folder, town
        self.network = client.networks.get(NETWORK)
        self.server: Any = None
        """The one that tries things."""

    @property
    def bridge(self) -> str:
        """The interface of the servers' network."""
        return f"br-{self.network.id[:12]}"

    def policy(self, **more: Any) -> Policy:
        """What a hub would want, with a word or two from hub.yaml."""
        return Policy(
            network=NETWORK,
            bridge=self.bridge,
            subnets=(POOL, POOL6),
            gateway=GATEWAY,
            hub_port=HUB,
            **more,
        )

    def run(self, *command: str, text: str = "") -> str:
        """Run a program on the host, with its names, and return what it prints."""
        done = subprocess.run(
            [*self.own.within, "--mount", *command], input=text, capture_output=True, text=True
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def install(self, policy: Policy) -> None:
        """Put a policy in place, and nothing that was before."""
        self.run(sys.executable, "-c", INSTALL, policy.model_dump_json())

    def remove(self, table: str = NETWORK) -> None:
        """Take a policy away."""
        self.run(sys.executable, "-c", REMOVE, table)

    @contextmanager
    def kept(self, policy: Policy) -> Iterator[Callable[[], str]]:
        """Have a policy kept by a process; yields what tells its log."""
        file = self.folder / "keeper.log"
        command = [*self.own.within, "--mount", sys.executable, "-c", KEEP]
        with (
            file.open("wb") as output,
            subprocess.Popen([*command, policy.model_dump_json()], stderr=output) as process,
        ):
            try:
                yield file.read_text
            finally:
                process.terminate()

    @property
    def tables(self) -> set[str]:
        """Names of our tables."""
        words = self.run("nft", "list", "tables").split()
        return {word for word in words if word.startswith("opendata-hub")}

    def opens(self, places: Sequence[Place], who: Any = None) -> set[Place]:
        """Have a server connect; of these places, those that it reaches."""
        code, said = (who or self.server).exec_run(["python3", "-c", PROBE, json.dumps(places)])
        assert code == 0, said
        return {place for place, was in zip(places, json.loads(said), strict=True) if was}

    def address(self, container: Any, network: str = NETWORK) -> str:
        """Where a container stands."""
        container.reload()
        return str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])

    def looks_up(self, name: str) -> bool:
        """Whether a name has an address in the server."""
        ask = f"import socket; socket.getaddrinfo({name!r}, None)"
        return bool(self.server.exec_run(["python3", "-c", ask])[0] == 0)

    def resolve_by(self, *resolvers: str) -> None:
        """Have the host ask these for names, and servers that start from now on."""
        lines = "".join(f"nameserver {one}\n" for one in resolvers)
        (self.folder / "resolv.conf").write_text(lines)

    def start(self, program: str = SERVE, word: bytes = b"ready", **more: Any) -> Any:
        """Start a container of a Python program, and wait until it says a word."""
        town = str(Path(__file__).with_name("town.py"))
        found = self.client.containers.run(
            IMAGE,
            ["python3", "-uc", program],
            detach=True,
            stop_signal="SIGKILL",  # nothing in it hears another one
            volumes=[f"{town}:/town.py:ro"],
            **{"network": NETWORK, **more},
        )
        wait_for(lambda: word in found.logs(), f"a container says {word!r}")
        return found

    def have_old_iptables(self) -> None:
        """Have the engine, when it starts next, make its rules the old way."""
        bin_ = self.folder / "bin"
        bin_.mkdir()
        for name in ("iptables", "ip6tables"):
            (bin_ / name).symlink_to(shutil.which(f"{name}-legacy", path=packages.path()) or "")
        self.own.environment = {"PATH": f"{bin_}:{os.environ['PATH']}"}

    def in_town(self, *command: str) -> bool:
        """Run a program elsewhere, and tell whether it went well."""
        within = ["nsenter", "--target", str(self.town), "--net"]
        return subprocess.run([*within, *command], capture_output=True).returncode == 0


INSTALL = """
import sys
from opendata_hub.machine import packages
from opendata_hub.machine.network import Policy, keeper
keeper.install(Policy.model_validate_json(sys.argv[1]))
"""
KEEP = """
import logging, sys
from opendata_hub.machine import packages
from opendata_hub.machine.network import Policy, keeper
logging.basicConfig()
keeper.Keeper(Policy.model_validate_json(sys.argv[1])).run(period=0.2)
"""
REMOVE = """
import sys
from opendata_hub.machine.network import nft
assert nft.remove(sys.argv[1])
"""


@contextmanager
def lab(folder: Path, machine: docker.APIClient) -> Iterator[Lab]:
    """Have a lab, whose image comes from another engine."""
    with ExitStack() as stack:
        own = stack.enter_context(own_engine(folder, "1g", options=OPTIONS))
        client = stack.enter_context(closing(docker.DockerClient(own.url, version="auto")))
        host = own.keeper
        addresses = (f"{one}/32" for one in (*METADATA, *PRIVATE, *INTERNET, RESOLVER))
        addresses6 = (f"{one}/128 nodad" for one in (*METADATA6, *PRIVATE6, *INTERNET6))
        town = stack.enter_context(_town([*addresses, *addresses6], (53, 80, 443, 27000), NAMES))
        _plug_in(host, town)
        _own_names(own, folder)
        stack.enter_context(_answering(own.within, (PUBLIC, HUB, OTHER), {}))
        client.images.load(machine.get_image(IMAGE))
        _network(client)
        yield Lab(own, client, folder, town)


def _network(client: docker.DockerClient) -> None:
    """Make the network as open as can be: what is closed is closed by our rules."""
    pools = [
        docker.types.IPAMPool(subnet=POOL, gateway=GATEWAY),
        docker.types.IPAMPool(subnet=POOL6, gateway=GATEWAY6),
    ]
    client.networks.create(
        NETWORK, ipam=docker.types.IPAMConfig(pool_configs=pools), enable_ipv6=True
    )


def _own_names(own: OwnEngine, folder: Path) -> None:
    """Give host and engine a resolv.conf of their own."""
    file = folder / "resolv.conf"
    file.write_text(f"nameserver {RESOLVER}\n")
    theirs = Path("/etc/resolv.conf").resolve()
    subprocess.run([*own.within, "--mount", "mount", "--bind", file, theirs], check=True)


def _plug_in(host: int, town: int) -> None:
    inside = "nsenter --target {} --net"
    script = CABLE.format(
        host=host, town=town, in_host=inside.format(host), in_town=inside.format(town)
    )
    subprocess.run(["sh", "-euc", script], check=True)


@contextmanager
def _town(
    addresses: Sequence[str], ports: Sequence[int], names: Mapping[str, str]
) -> Iterator[int]:
    """Everybody else: the id of the process whose network it is."""
    run = " ".join(f"'{word}'" for word in _command(ports, names))
    listed = " ".join(f"'{address}'" for address in addresses)
    script = TOWN.format(addresses=listed, run=run)
    with _ready(["unshare", "--net", "sh", "-euc", script]) as process:
        yield process.pid


@contextmanager
def _answering(
    within: Sequence[str], ports: Sequence[int], names: Mapping[str, str]
) -> Iterator[None]:
    with _ready([*within, *_command(ports, names)]):
        yield


def _command(ports: Sequence[int], names: Mapping[str, str]) -> list[str]:
    town = str(Path(__file__).with_name("town.py"))
    return [sys.executable, town, ",".join(map(str, ports)), json.dumps(names)]


@contextmanager
def _ready(command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.terminate()
