"""A certificate from an ACME authority: got, kept, renewed, and what is said where it is not."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opendata_hub.machine import certificates
from opendata_hub.machine.health import https
from tests.hubs import wait_for
from tests.tls.authorities import Pebble
from tests.tls.house import HOST, House, running


def _pair(folder: Path, hub: int, leads_to: str = "127.0.0.1") -> tuple[House, Pebble]:
    """The service, and the authority that it asks."""
    house = House(folder, hub)
    authority = Pebble(folder, house.config.port, house.config.http_port or 0, leads_to)
    house.config = house.config.model_copy(
        update={"authority": authority.directory, "authority_ca": authority.certificate}
    )
    return house, authority


@pytest.fixture(scope="module")
def house(hub: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service that has got its certificate, against all odds; its authority goes on."""
    house, authority = _pair(tmp_path_factory.mktemp("acme"), hub)
    taken = socket.create_server(("127.0.0.1", house.config.http_port or 0))
    with closing(taken), running(house):
        house.wait_until_told(f"Port {house.config.http_port} is taken by ")
        taken.close()
        house.wait_until_told("The authority cannot be asked: it does not answer")
        with authority.running():
            house.wait_until_open()
            with house.client(authority.roots()) as browser:
                assert browser.get("/hub/login").status_code == 200
            wait_for(lambda: "has its certificate, until" in house.log, "the log says so")
            yield house


def test_a_taken_port_and_a_silent_authority_are_said_and_waited_for(house: House) -> None:
    """Who mends them has nothing else to do: the certificate comes by itself."""
    told = house.log

    assert "python" in told.partition("is taken by")[2].partition(";")[0]
    assert 0 < told.index("is taken by") < told.index("cannot be asked")
    lines = [line for line in told.splitlines() if "cannot be asked" in line]
    assert len(lines) == len(set(lines)), "each thing is said once"
    assert f"{house.config.url} has its certificate, until 20" in told
    assert not house.problem and not house.places.waiting.exists()
    assert httpx.get(house.http).status_code == 308


def test_a_certificate_outlives_a_restart_and_a_move(house: House, tmp_path: Path) -> None:
    """It lies in the hub's folder, closed to others, and nobody is asked again."""
    shown = house.shown()
    house.end()
    folder = shutil.copytree(house.config.folder, tmp_path / "caddy")
    shutil.rmtree(house.config.folder)
    house.places.folder.parent.mkdir(exist_ok=True)
    folder.rename(house.config.folder)
    house.run()

    assert house.wait_until_open() == shown
    assert house.config.folder.stat().st_mode & 0o077 == 0


def test_a_certificate_is_renewed_before_it_ends(house: House) -> None:
    """One with few days left is shown until the new one is there, and then the new one."""
    house.end()
    old = _age(house)
    house.run()
    new = house.wait_until_open(other_than=old)

    assert new.not_valid_after_utc > old.not_valid_after_utc + timedelta(days=30)
    assert certificates.covers(new, HOST)
    wait_for(lambda: house.log.count("has its certificate, until") >= 2, "the log says so")


def _seen_by_doctor(house: House) -> https.Address:
    """What it looks at: ports that are taken, by the hub's own program."""
    doors = (house.config.port, house.config.http_port or 0)
    program = house.places.configuration
    return https.Address(house.config.url, HOST, doors, "127.0.0.1", program=program)


def _age(house: House) -> x509.Certificate:
    """Put a certificate with two days left in the place of the one that is kept."""
    file = house.places.certificate(HOST)
    assert file
    key = serialization.load_pem_private_key(file.with_suffix(".key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now = datetime.now(timezone.utc)
    old = (
        x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 7)
        .not_valid_before(now - timedelta(days=88))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(old.public_bytes(serialization.Encoding.PEM))
    return old


def test_a_name_that_leads_elsewhere_is_told(hub: int, tmp_path: Path) -> None:
    """What the authority says is told with what mends it; http:// says that there is more to do."""
    house, authority = _pair(tmp_path, hub, leads_to="127.0.0.9")
    with authority.running(), running(house):
        house.wait_until_told(f"it does not reach {HOST}; let the DNS lead here")
        page = httpx.get(f"{house.http}/hub/login")

        assert page.status_code == 503 and "has no certificate yet" in page.text
        assert "It is tried again in 60 s." in house.problem
        assert house.shown() is None
        assert https.look(_seen_by_doctor(house)).is_waiting
