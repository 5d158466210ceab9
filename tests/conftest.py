"""What several tiers share: the engine, and names that no other test uses."""

import io
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

import docker
import pytest
from docker.errors import APIError, ImageNotFound, NotFound
from hypothesis import HealthCheck, settings

from opendata_hub import homes
from opendata_hub.machine import network
from opendata_hub.machine.network import nft
from tests import ports, spreading

STARTER = "opendata-hub/starter:1"


def pytest_configure() -> None:
    """Let what tests start hear Ctrl-C: who runs the tests in the background made them deaf."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # On a machine that does much else an example may take long, which is no fault of it.
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest."""
    items[:] = spreading.in_order(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> spreading.Spreading:
    """Spread the tests as they bear it, where several workers run them."""
    return spreading.Spreading(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured: their ``record_property``."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def client() -> Iterator[docker.APIClient]:
    """The engine's client; without an engine the tests that ask for it fail, they do not skip."""
    client = docker.APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture
def new_name() -> Callable[[str], str]:
    """Makes names that no other test and no earlier run has used."""
    return lambda what: f"{what}-{secrets.token_hex(4)}"


def remove_traces(client: docker.APIClient, user: str) -> None:
    """Remove the containers and the volume of a test's user."""
    label = f"{homes.LABEL}.user={user}"
    for container in client.containers(all=True, filters={"label": label}):
        client.remove_container(container["Id"], force=True, v=True)
    for volume in client.volumes(filters={"label": label})["Volumes"] or ():
        client.remove_volume(volume["Name"])


def remove_network(client: docker.APIClient, port: int) -> None:
    """Remove the network of a hub of hub.yaml with this public port, and its rules."""
    name = network.name(port)
    nft.remove(name)
    with suppress(NotFound):
        client.remove_network(name)


def remove_left_networks(client: docker.APIClient) -> None:
    """Remove those of an earlier run that was killed: an engine has room for some thirty."""
    prefix = network.name(0).removesuffix("0")
    for found in client.networks(names=[prefix]):
        port = found["Name"].removeprefix(prefix)
        if port.isdecimal() and int(port) in ports.GIVEN:
            with suppress(APIError):  # something stands on it: then that run is not over
                remove_network(client, int(port))


def remove_image(client: docker.APIClient, reference: str) -> None:
    """Remove an image under all its names, if it is there: a pulled one has our mark as well."""
    with suppress(ImageNotFound):
        client.remove_image(client.inspect_image(reference)["Id"], force=True)


def describe_containers(client: docker.APIClient) -> str:
    """State and log of every server's container, for the report of a test that failed."""
    reports = []
    for container in client.containers(all=True, filters={"label": f"{homes.LABEL}.role=server"}):
        with suppress(NotFound):  # another test's, which has ended meanwhile
            log = client.logs(container["Id"], tail=30).decode("utf-8", "replace")
            reports.append(f"{container['Names']} {container['Status']}\n{log}")
    return "\n".join(reports) or "no containers"


@pytest.fixture(scope="session")
def build(client: docker.APIClient) -> Iterator[Callable[[str], str]]:
    """
    Makes an image of a few lines on top of the starter; all are removed in the end.

    No two share a layer of these lines: what one test removes, another one may be building.
    """
    made: list[str] = []

    def make(lines: str, base: str = STARTER) -> str:
        reference = f"opendata-hub/test-{secrets.token_hex(4)}:1"
        dockerfile = io.BytesIO(f"FROM {base}\nLABEL test={reference}\n{lines}\n".encode())
        for event in client.build(fileobj=dockerfile, tag=reference, rm=True, decode=True):
            assert "error" not in event, event["error"]
        made.append(reference)
        return reference

    yield make
    for reference in made:
        if client.images(reference):
            client.remove_image(reference, force=True)
