"""How large an image will be, as its registry tells: right, or nothing, and never an error."""

from pathlib import Path

import docker
import pytest
import trustme

from opendata_hub.services.images import registry as sizes
from opendata_hub.services.images.registry import compressed_bytes
from tests.engine.conftest import Push
from tests.proxies import Proxy, http_answer
from tests.registries import PASSWORD, USER, registry

MB = 10**6


def test_the_layers_add_up(push: Push, road: Proxy) -> None:
    """By tag and by digest; nothing of the image is fetched for that."""
    image = push(MB, 1000)

    assert compressed_bytes(image.at(road.port)) == image.size
    assert compressed_bytes(image.digest_at(road.port)) == image.size
    assert road.served < 10_000


def test_what_the_registry_does_not_have(push: Push, road: Proxy) -> None:
    """The pull itself will say so."""
    reference = push(1000).at(road.port)

    assert compressed_bytes(reference.replace(":1", ":2")) is None
    assert compressed_bytes(f"localhost:{road.port}/nobody-has-this") is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        http_answer(429, "TOOMANYREQUESTS", "go away"),
        http_answer(500, "UNKNOWN", "out of order"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=["closed", "429", "500", "a page", "nonsense"],
)
def test_a_registry_that_tells_nothing(push: Push, road: Proxy, answer: bytes) -> None:
    """Whatever it answers in place of a manifest."""
    reference = push(1000).at(road.port)
    road.answer = answer

    assert compressed_bytes(reference) is None


def test_a_registry_that_is_silent(
    push: Push, road: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for long."""
    monkeypatch.setattr(sizes, "_PATIENCE", 0.2)
    reference = push(1000).at(road.port)
    road.hold()

    assert compressed_bytes(reference) is None


def test_a_private_registry_tells_those_with_a_login(
    client: docker.APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else; the password goes nowhere without TLS, by the site's own authority here."""
    (network,) = client.inspect_network("bridge")["IPAM"]["Config"]
    address, authority = network["Gateway"], trustme.CA()  # not loopback, which has no TLS
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("NO_PROXY", address)
    login = {"username": USER, "password": PASSWORD}
    with registry(tmp_path) as source:
        image = source.push_random("lesson:1", [MB])
    with registry(
        tmp_path, login=True, address=address, certificate=authority.issue_cert(address)
    ) as private:
        reference = f"{address}:{private.port}/{image.name}"

        assert compressed_bytes(reference, login) == image.size
        assert compressed_bytes(reference, {**login, "password": "a-wrong-one"}) is None
        assert compressed_bytes(reference) is None
