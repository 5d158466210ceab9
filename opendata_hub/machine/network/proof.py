"""Real connections out of a container on the servers' network: what is open, and what is not."""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto

import docker
from docker.errors import DockerException, NotFound
from docker.models.containers import Container

from opendata_hub.errors import MachineError
from opendata_hub.homes import GID, LABEL, UID
from opendata_hub.machine.network.policy import Policy

_PORT = 8888
_PATIENCE = 30  # seconds for a container to come up
_ANYWHERE = ("1.1.1.1", 443)
_NAMED = "pypi.org"
_PRIVATE = ("10.0.0.1", "172.31.255.1", "192.168.0.1", "192.168.1.1", "100.64.0.1")

_PROGRAM = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def knows(name):
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False
def opens(place):
    try:
        socket.create_connection(place, timeout=2).close()
        return True
    except OSError:
        return False
places, name = json.loads(sys.argv[1])
with ThreadPoolExecutor(64) as pool:
    known = pool.submit(knows, name)
    print(json.dumps([list(pool.map(opens, map(tuple, places))), known.result()]))
"""
_LISTEN = f"import socket, time; s = socket.create_server(('', {_PORT})); time.sleep(60)"


class Kind(Enum):
    """What is tried."""

    HUB = auto()
    SERVERS = auto()
    HOST = auto()
    METADATA = auto()
    PRIVATE = auto()
    INTERNET = auto()
    REACH = auto()


@dataclass(frozen=True)
class Attempt:
    """A connection from inside, and whether it came about."""

    kind: Kind
    host: str
    port: int
    opened: bool = False


@dataclass(frozen=True)
class Proof:
    """
    What a server reaches.

    Attributes:
        names: whether names can be looked up there.
    """

    attempts: tuple[Attempt, ...]
    names: bool

    def of(self, kind: Kind) -> list[Attempt]:
        """Return the attempts of a kind."""
        return [one for one in self.attempts if one.kind is kind]

    def opened(self, *kinds: Kind) -> list[Attempt]:
        """Return what was open of some kinds."""
        return [one for one in self.attempts if one.kind in kinds and one.opened]


def prove(client: docker.DockerClient, image: str, policy: Policy) -> Proof:
    """
    Try it out, with somebody who answers wherever that can be had.

    Args:
        image: one that is here and has ``python3``.

    Raises:
        MachineError: a container on the network did not do its part.
    """
    with ExitStack() as stack:
        try:
            attempts = list(_targets(client, image, policy, stack))
            return _tried(client, image, policy.network, attempts)
        except (DockerException, OSError) as error:
            raise MachineError(
                f"What servers reach was not tried, as a container of {image} on the network "
                f"{policy.network} failed: {error}"
            ) from None


def _targets(
    client: docker.DockerClient, image: str, policy: Policy, stack: ExitStack
) -> Iterator[Attempt]:
    neighbour = stack.enter_context(_container(client, image, policy.network, _LISTEN))
    yield Attempt(Kind.SERVERS, _when_listening(neighbour, policy.network), _PORT)
    if not _listens(policy.gateway, policy.hub_port):
        stack.enter_context(socket.create_server((policy.gateway, policy.hub_port)))
    yield Attempt(Kind.HUB, policy.gateway, policy.hub_port)
    port = stack.enter_context(socket.create_server(("", 0))).getsockname()[1]
    for address in (policy.gateway, *_own_addresses()):
        yield Attempt(Kind.HOST, address, port)
    for address in policy.never:
        yield Attempt(Kind.METADATA, address, 80)
    for address in _PRIVATE:
        yield Attempt(Kind.PRIVATE, address, 80)
    yield Attempt(Kind.INTERNET, *_ANYWHERE)
    for target in policy.reach:
        if target.port:
            yield Attempt(Kind.REACH, target.host, target.port)


def _own_addresses() -> Iterator[str]:
    """Yield the address by which this machine goes out, where it does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(_ANYWHERE)  # nothing is sent
        except OSError:
            return
        yield one.getsockname()[0]


def _tried(
    client: docker.DockerClient, image: str, network: str, attempts: Sequence[Attempt]
) -> Proof:
    asked = json.dumps([[(one.host, one.port) for one in attempts], _NAMED])
    with _container(client, image, network, _PROGRAM, asked) as container:
        code = container.wait(timeout=_PATIENCE)["StatusCode"]
        said = container.logs(stdout=True, stderr=code != 0).decode("utf-8", "replace").strip()
    if code:
        raise OSError(said.splitlines()[-1] if said else f"exit code {code}")
    opened, names = json.loads(said)
    return Proof(
        tuple(
            Attempt(one.kind, one.host, one.port, was)
            for one, was in zip(attempts, opened, strict=True)
        ),
        names,
    )


@contextmanager
def _container(
    client: docker.DockerClient, image: str, network: str, *words: str
) -> Iterator[Container]:
    container = client.containers.run(
        image,
        list(words),
        entrypoint=["python3", "-c"],
        detach=True,
        network=network,
        user=f"{UID}:{GID}",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="256m",
        labels={f"{LABEL}.role": "proof"},
    )
    try:
        yield container
    finally:
        with suppress(NotFound):
            container.remove(force=True)


def _when_listening(container: Container, network: str) -> str:
    container.reload()
    address = str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])
    end = time.monotonic() + _PATIENCE
    while not _listens(address, _PORT):
        if time.monotonic() > end:
            raise OSError("it did not come up")
        time.sleep(0.05)
    return address


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
