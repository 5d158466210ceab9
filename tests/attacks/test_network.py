"""What a student's server reaches of the network: each other, the machine, the world around it."""

from opendata_hub.settings.address import PORTS_ABOVE
from tests.attacks.ground import (
    ENGINE,
    EXPORTER,
    INTERNET,
    LAN,
    MACHINE,
    METADATA,
    PRIVATE,
    SSH,
    GroundHub,
)
from tests.attacks.inside import network
from tests.attacks.students import Student

JUPYTER = 8888


def machine_of(anna: Student) -> list[str]:
    """All addresses of the machine, as a server may try them."""
    return [anna.gateway, MACHINE, LAN, "fd66::1", "127.0.0.1"]


async def test_what_must_be_reached(anna: Student, hub: GroundHub) -> None:
    """The internet, and the hub's API: both answer, or the rest would show nothing."""
    places = [(INTERNET, 80), (anna.gateway, hub.port + PORTS_ABOVE)]

    assert await anna.does(network.reached, places, 30) == sorted(map(list, places))


async def test_a_neighbour_by_address(
    anna: Student, ben: Student, walls: bool, patience: float
) -> None:
    """Another student's server, by its address: no connection."""
    found = await anna.does(network.reached, [(ben.address, JUPYTER)], patience)

    assert bool(found) is not walls


async def test_a_neighbour_by_name(
    anna: Student, ben: Student, walls: bool, patience: float
) -> None:
    """Another student's server, by the name of its container: no connection."""
    places = [(f"opendata-{ben.name}", JUPYTER)]

    assert bool(await anna.does(network.reached, places, patience)) is not walls


async def test_a_neighbours_kernel(
    anna: Student, ben: Student, walls: bool, patience: float
) -> None:
    """A websocket to another student's kernel, past the hub: no connection."""
    path = f"/user/{ben.name}/api/kernels/{ben.kernel.id}/channels"

    status = await anna.does(network.shakes_hands, ben.address, path, patience)

    assert status == (0 if walls else 403)  # what is behind the wall has a lock as well


async def test_the_machines_ports(anna: Student, walls: bool, patience: float) -> None:
    """The machine's own ports, such as SSH, on all its addresses: no connection."""
    places = [(host, port) for host in machine_of(anna) for port in (SSH, EXPORTER)]

    assert bool(await anna.does(network.reached, places, patience)) is not walls


async def test_the_container_engine(anna: Student, walls: bool, patience: float) -> None:
    """The container engine, by TCP, on all addresses of the machine: no connection."""
    places = [(host, ENGINE) for host in machine_of(anna)]

    assert bool(await anna.does(network.reached, places, patience)) is not walls


async def test_the_proxys_api(anna: Student, hub: GroundHub, patience: float) -> None:
    """The proxy's API, on all addresses of the machine: no connection."""
    places = [(host, hub.port + 1) for host in machine_of(anna)]

    assert await anna.does(network.reached, places, patience) == []


async def test_the_hubs_services(anna: Student, hub: GroundHub, patience: float) -> None:
    """The hub's services, past the hub, on all addresses of the machine: no connection."""
    ports = range(hub.port + 2, hub.port + 10)
    places = [(host, port) for host in machine_of(anna) for port in ports]

    assert await anna.does(network.reached, places, patience) == []


async def test_the_clouds_metadata(anna: Student, walls: bool, patience: float) -> None:
    """The cloud's keys for this machine, at `169.254.169.254` and its like: no connection."""
    places = [(host, 80) for host in METADATA]

    assert bool(await anna.does(network.reached, places, patience)) is not walls


async def test_private_networks(anna: Student, walls: bool, patience: float) -> None:
    """Printers, file servers and all else in the networks around the machine: no connection."""
    places = [(host, 80) for host in PRIVATE]

    found = await anna.does(network.reached, places, patience)

    assert found == ([] if walls else sorted(map(list, places)))


async def test_forged_packets(anna: Student, walls: bool) -> None:
    """Raw sockets, to hear others' packets, or to answer in their name (ARP, ICMP): refused."""
    had = await anna.does(network.sockets)

    assert had == ([] if walls else ["packets", "raw", "raw ICMP"])


async def test_anothers_address(anna: Student, ben: Student, walls: bool) -> None:
    """Another student's address for one's own packets, or for one's network card: refused."""
    assert not await anna.does(network.borrows, ben.address)
    assert await anna.does(network.takes_address, anna.address) is not walls
