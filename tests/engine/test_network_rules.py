"""What servers reach, by real connections to somebody who answers in every forbidden place."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from traitlets.config import Config

from opendata_hub.engine import ensure_network
from opendata_hub.errors import ConfigError, EngineError
from opendata_hub.machine.network import rules
from opendata_hub.settings import isolation, load
from tests.engine.labs import (
    GATEWAY,
    GATEWAY6,
    HOST,
    HOST6,
    HUB,
    INTERNET,
    INTERNET6,
    METADATA,
    METADATA6,
    NETWORK,
    OTHER,
    POOL,
    PRIVATE,
    PRIVATE6,
    PUBLIC,
    RESOLVER,
    Lab,
    lab,
)
from tests.hubs import wait_for

PUBLISHED = 18080
API = (GATEWAY, HUB)
OUTSIDE = {(one, 443) for one in (*INTERNET, *INTERNET6)}
NAMING = {(RESOLVER, 53)}
SPOOFED = "172.30.99.1"
HUB_FILE = """
hub: {url: "http://localhost:8100"}
images: [{slug: a, display_name: A, image: example.org/a:1}]
"""
HOLD = """
import socket, time
held = socket.create_connection(("10.20.0.5", 80))
print("in")
try:
    while True:
        held.send(b"still")
        time.sleep(0.1)
except OSError:
    print("out")
"""
HOARD = f"""
import socket, time
held = []
try:
    while len(held) < 200:
        held.append(socket.create_connection(("{GATEWAY}", {HUB}), 3))
except OSError:
    pass
print("got", len(held), flush=True)
time.sleep(600)
"""
CONNECT = "import socket; socket.create_connection(({!r}, {}), 3, ({!r}, 0))"


@pytest.fixture(scope="module")
def place(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A host, a server on it, and the world."""
    with lab(tmp_path_factory.mktemp("lab"), client) as place:
        place.server = place.start()
        yield place


@pytest.fixture(autouse=True)
def clean(place: Lab) -> Iterator[None]:
    """Begin and end without rules."""
    yield
    for table in place.tables:
        place.remove(table)


@pytest.fixture(scope="module")
def neighbours(place: Lab) -> set[tuple[str, int]]:
    """Other containers: on the same network, on another, and one with a published port."""
    place.client.networks.create("other")
    beside, apart = place.start(), place.start(network="other", ports={"8888/tcp": PUBLISHED})
    ports = {(one, PUBLISHED) for one in (GATEWAY, HOST)}
    return {(place.address(beside), 8888), (place.address(apart, "other"), 8888), *ports}


@pytest.fixture(scope="module")
def everywhere(neighbours: set[tuple[str, int]]) -> list[tuple[str, int]]:
    """All that somebody answers at."""
    host = {(one, port) for one in (GATEWAY, HOST) for port in (PUBLIC, OTHER)}
    host6 = {(GATEWAY6, OTHER), (HOST6, OTHER)}
    around = {(one, 80) for one in (*METADATA, *METADATA6, *PRIVATE, *PRIVATE6)}
    around |= {(METADATA[0], 53)}
    return sorted({API, *neighbours, *host, *host6, *around, *OUTSIDE, *NAMING})


def test_without_rules_a_server_reaches_everything(
    place: Lab, everywhere: list[tuple[str, int]], neighbours: set[tuple[str, int]]
) -> None:
    """The tests below can fail: somebody answers in every place. One wall is the engine's own."""
    apart = {one for one in everywhere if one[0] not in (GATEWAY, HOST) and one in neighbours}

    closed = set(everywhere) - place.opens(everywhere)

    assert closed <= apart
    assert len(closed) == 1


def test_rules_leave_the_hub_names_and_the_internet(
    place: Lab, everywhere: list[tuple[str, int]]
) -> None:
    """Nothing else: no server, no port of the machine, no key, nothing around, in IPv6 neither."""
    place.install(place.policy())

    assert place.opens(everywhere) == {API, *OUTSIDE, *NAMING}
    assert place.looks_up("lesson.example.org")


def test_what_is_closed_while_it_is_in_use_ends(place: Lab) -> None:
    """Rules hold for connections that were there before them, too."""
    held = place.start(HOLD, b"in")
    place.install(place.policy())

    wait_for(lambda: b"out" in held.logs(), "the connection ends")
    held.remove(force=True)


def test_no_server_takes_all_connections_of_the_hub(place: Lab) -> None:
    """One that opens more and more of them is refused, and the others still come through."""
    place.install(place.policy())
    hoarder = place.start(HOARD, b"got")

    assert hoarder.logs() == f"got {rules.CONNECTIONS}\n".encode()
    assert place.opens([API]) == {API}
    assert place.opens([API], hoarder) == set()
    hoarder.remove(force=True)


def test_without_the_internet_there_is_the_hub_and_names(
    place: Lab, everywhere: list[tuple[str, int]]
) -> None:
    """``internet: false``."""
    place.install(place.policy(internet=False))

    assert place.opens(everywhere) == {API, *NAMING}
    assert place.looks_up("lesson.example.org")


def test_of_the_internet_only_what_is_listed(place: Lab, everywhere: list[tuple[str, int]]) -> None:
    """By address, by range, by name; a name that means a key or a private address opens nothing."""
    names = ["lesson.example.org", "metadata.google.internal", "rebound.example.org", "no.example"]
    place.install(place.policy(internet=names))
    assert place.opens(everywhere) == {API, *NAMING, (INTERNET[1], 443)}

    place.install(place.policy(internet=["9.9.9.9:443", "2620:fe::/64"]))
    listed = [*everywhere, (INTERNET[0], 80)]
    assert place.opens(listed) == {API, *NAMING, (INTERNET[0], 443), (INTERNET6[0], 443)}


def test_of_what_is_around_only_what_is_listed(
    place: Lab, everywhere: list[tuple[str, int]]
) -> None:
    """A range opens neither keys nor this machine; a port of this machine is named by itself."""
    licence, key = ("10.20.0.6", 27000), (METADATA[0], 80)
    more = [*everywhere, licence, ("10.20.0.6", 80)]
    place.install(place.policy(reach=["licence.example.org:27000"]))
    assert place.opens(more) == {API, *NAMING, *OUTSIDE, licence}

    place.install(place.policy(reach=["10.0.0.0/8", "169.254.0.0/16", f"{HOST}:{OTHER}"]))
    opened = place.opens(more)

    ranges = {(one, 80) for one in ("10.20.0.5", "10.20.0.6", "169.254.7.7")}
    assert opened == {API, *NAMING, *OUTSIDE, licence, *ranges, (HOST, OTHER)}
    assert key not in opened


def test_the_resolver_of_a_cloud_is_its_key_service(place: Lab) -> None:
    """At Google the one address does both: names are looked up there, keys are not had."""
    place.resolve_by(METADATA[0])
    before, place.server = place.server, place.start()
    try:
        place.install(place.policy())

        assert place.looks_up("lesson.example.org")
        assert place.opens([(METADATA[0], 53), (METADATA[0], 80)]) == {(METADATA[0], 53)}
    finally:
        place.server.remove(force=True)
        place.server = before
        place.resolve_by(RESOLVER)


def test_a_source_that_is_not_the_networks_is_dropped(place: Lab) -> None:
    """Who pretends to be somebody else is not heard."""
    inside = place.client.api.inspect_container(place.server.id)["State"]["Pid"]
    place.run(
        "nsenter", f"--net=/proc/{inside}/ns/net", "ip", "address", "add", SPOOFED, "dev", "eth0"
    )
    place.run("ip", "route", "add", SPOOFED, "via", place.address(place.server))
    connect = ["python3", "-c", CONNECT.format(*API, SPOOFED)]
    assert place.server.exec_run(connect)[0] == 0

    place.install(place.policy())

    assert place.server.exec_run(connect)[0] == 1


def test_strangers_do_not_reach_servers(place: Lab) -> None:
    """A machine of the local network that knows the way gets no connection; this one does."""
    connect = ["python3", "-c", CONNECT.format(place.address(place.server), 8888, "")]
    place.run("iptables", "-P", "FORWARD", "ACCEPT")  # it is where others forward already
    assert place.in_town("ip", "route", "replace", POOL, "via", HOST)
    assert place.in_town(*connect)

    place.install(place.policy())

    assert not place.in_town(*connect)
    place.run(*connect)


def test_two_hubs_do_not_disturb_each_other(place: Lab) -> None:
    """Each one's servers reach that hub alone; one's rules go, the other's stay."""
    second = place.client.networks.create("opendata-hub-9000")
    second.reload()
    (pool,) = second.attrs["IPAM"]["Config"]
    theirs = place.policy().model_copy(
        update={
            "network": second.name,
            "bridge": f"br-{second.id[:12]}",
            "subnets": (pool["Subnet"],),
            "gateway": pool["Gateway"],
            "hub_port": OTHER,
            "internet": False,
        }
    )
    guest = place.start(network=second.name)
    hubs = [API, (pool["Gateway"], OTHER), (INTERNET[0], 443)]
    place.install(place.policy())
    place.install(theirs)

    assert place.opens(hubs) == {API, (INTERNET[0], 443)}
    assert place.opens(hubs, guest) == {(pool["Gateway"], OTHER)}
    place.remove()
    assert place.tables == {second.name}
    assert place.opens(hubs, guest) == {(pool["Gateway"], OTHER)}


def test_rules_that_were_flushed_are_mended(place: Lab) -> None:
    """Whoever flushes the firewall, or one chain of it, is outlived; the log says so."""
    keys = [(one, 80) for one in METADATA]
    with place.kept(place.policy(internet=["lesson.example.org"])) as log:
        wait_for(lambda: NETWORK in place.tables, "the rules are there")
        place.run("nft", "delete", "table", "inet", NETWORK)
        wait_for(lambda: "were gone, and are mended" in log(), "the rules are mended")
        assert place.opens([*keys, API, (INTERNET[1], 443)]) == {API, (INTERNET[1], 443)}

        place.run("nft", "flush", "chain", "inet", NETWORK, "servers")
        wait_for(lambda: "were changed, and are mended" in log(), "the rules are mended")
        assert place.opens(keys) == set()


def test_nothing_is_left_when_rules_are_removed(
    place: Lab, everywhere: list[tuple[str, int]]
) -> None:
    """All is as it was before."""
    before = place.run("nft", "--stateless", "list", "ruleset")
    place.install(place.policy(internet=["lesson.example.org"], reach=["10.0.0.0/8"]))
    place.remove()

    assert place.run("nft", "--stateless", "list", "ruleset") == before


def test_a_hub_whose_engine_is_elsewhere_is_refused(
    place: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Rules of this machine would hold nothing there, and look as if they did."""
    monkeypatch.setenv("DOCKER_HOST", place.own.url)
    (tmp_path / "hub.yaml").write_text(HUB_FILE)
    with pytest.raises(ConfigError, match=r"not on this machine .* isolate: false under network"):
        isolation.prepare(Config(), load(tmp_path / "hub.yaml"))
    assert place.tables == set()


def test_an_engine_without_addresses_is_told_apart(
    place: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has some for thirty networks or so, and what gives them free again is a command."""
    monkeypatch.setenv("DOCKER_HOST", place.own.url)
    with pytest.raises(EngineError, match=r"no addresses left .* docker network prune"):
        for number in range(5):
            ensure_network(f"full-{number}", {})
    place.client.networks.prune()


def test_rules_outlive_the_engine(place: Lab, everywhere: list[tuple[str, int]]) -> None:
    """It makes its own anew, with the old or the new kind of iptables: never our business."""
    place.install(place.policy())
    with place.own.down():
        assert place.tables == {NETWORK}
        place.have_old_iptables()
    place.server.start()
    wait_for(lambda: place.opens([API]), "the server is up again")

    assert place.opens(everywhere) == {API, *OUTSIDE, *NAMING}
    assert "-N DOCKER" in place.run("iptables-legacy", "-S")
