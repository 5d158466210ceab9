"""What ``opendata-hub doctor`` sees of a real https address."""

from collections.abc import Iterator

import pytest

from opendata_hub.machine import reach
from opendata_hub.machine.health import Level, https
from opendata_hub.machine.health.https import Address
from opendata_hub.machine.reach import Door, Sight
from tests.tls.house import HOST, House, running


@pytest.fixture(scope="module")
def house(hub: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service with an authority of its own, at all addresses."""
    own = House(tmp_path_factory.mktemp("lan"), hub, authority="lan", listen="")
    with running(own):
        own.wait_until_open()
        yield own


def address(house: House) -> Address:
    """What the doctor looks at."""
    doors = (house.config.port, house.config.http_port or 0)
    places = house.places
    kept = places.certificate(HOST)
    return Address(
        house.config.url, HOST, doors, "127.0.0.1", places.root, kept, house.problem,
        places.configuration,
    )  # fmt: skip


def test_a_hub_knows_itself_by_another_address(house: House) -> None:
    """By its key, and by where its port for http leads."""
    port, http_port = house.config.port, house.config.http_port or 0
    doors = [Door(port, encrypted=True), Door(http_port, encrypted=False)]
    seen = reach.look(HOST, doors, "127.0.0.1", ["127.0.0.2"])

    assert seen == {"127.0.0.2": {port: Sight.OURS, http_port: Sight.OURS}}


def test_an_authority_of_its_own_is_told_with_its_end(house: House) -> None:
    """The certificate is renewed each day, and no news."""
    (finding,) = https.check(address(house))

    assert finding.level is Level.OK
    assert "answers with a certificate, by its own authority, until 20" in finding.text
