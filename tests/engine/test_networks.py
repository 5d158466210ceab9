"""The network that servers stand on: they reach the hub, the hub reaches them, and that is all."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import docker
import pytest

from opendata_hub.engine import ensure_network
from opendata_hub.errors import EngineError
from tests.engine.conftest import Run
from tests.hubs import wait_for

SERVE = (
    "from http.server import *; HTTPServer(('', 8000), SimpleHTTPRequestHandler).serve_forever()"
)
REACH = "import socket; socket.create_connection(('{host}', {port}), timeout=2)"


@pytest.fixture
def name(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """Name for a network, which is removed after its containers."""
    name = new_name("engine-test")
    yield name
    with suppress(docker.errors.NotFound):
        client.remove_network(name)


def test_a_network_is_made_once(client: docker.APIClient, name: str) -> None:
    """The second start of the hub finds the network of the first, gateway and all."""
    gateways = {ensure_network(name, {"whose": "ours"}) for _ in range(2)}

    found = client.networks(names=[name])
    assert [network["Labels"] for network in found] == [{"whose": "ours"}]
    assert gateways == {found[0]["IPAM"]["Config"][0]["Gateway"]}


def test_a_longer_name_is_another_network(client: docker.APIClient, name: str) -> None:
    """The engine's own search would take part of a name for the name."""
    client.create_network(f"{name}-2", labels={"whose": "theirs"})
    try:
        ensure_network(name, {"whose": "ours"})
        assert client.inspect_network(name)["Labels"] == {"whose": "ours"}
    finally:
        client.remove_network(f"{name}-2")


def test_a_network_that_isolates_nobody_is_refused(client: docker.APIClient, name: str) -> None:
    """Somebody made a network of this name by hand: servers on it would reach each other."""
    client.create_network(name, driver="bridge")

    with pytest.raises(EngineError, match=f"docker network rm {name}"):
        ensure_network(name, {})


def test_a_network_without_a_gateway_is_refused(client: docker.APIClient, name: str) -> None:
    """Somebody gave it a subnet by hand and no gateway, so nobody knows where the hub is."""
    subnet = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="10.249.77.0/24")])
    alone = {"com.docker.network.bridge.enable_icc": "false"}
    client.create_network(name, driver="bridge", ipam=subnet, options=alone)

    with pytest.raises(EngineError, match="has no gateway"):
        ensure_network(name, {})


def test_servers_reach_the_hub_and_not_each_other(
    client: docker.APIClient, name: str, run: Run
) -> None:
    """The host reaches both servers, both reach the host, neither reaches the other."""
    gateway = ensure_network(name, {})
    servers = [run(SERVE, host={"network_mode": name}) for _ in range(2)]
    addresses = [_address(client, server, name) for server in servers]
    wait_for(lambda: all(map(_answers, addresses)), "both servers answer the host")

    with closing(socket.create_server((gateway, 0))) as hub:
        port = hub.getsockname()[1]
        assert [_reach(client, server, gateway, port) for server in servers] == [0, 0]
    assert _reach(client, servers[0], addresses[1], 8000) != 0
    assert _reach(client, servers[1], addresses[0], 8000) != 0


def _address(client: docker.APIClient, server: str, network: str) -> str:
    networks = client.inspect_container(server)["NetworkSettings"]["Networks"]
    return str(networks[network]["IPAddress"])


def _answers(address: str) -> bool:
    try:
        socket.create_connection((address, 8000), timeout=2).close()
    except OSError:
        return False
    return True


def _reach(client: docker.APIClient, server: str, host: str, port: int) -> int:
    """Exit code of a program in the server's container that connects."""
    command = ["python3", "-W", "ignore", "-c", REACH.format(host=host, port=port)]
    made = client.exec_create(server, command)["Id"]
    client.exec_start(made)
    return int(client.exec_inspect(made)["ExitCode"])
