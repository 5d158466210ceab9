"""A hub that encrypts what it says to its proxy, its services and people's servers."""

import ssl
from collections.abc import Iterator

import docker
import httpx
import pytest

from tests.browser.product import ProductHub
from tests.hubs import PATIENCE, run, wait_for
from tests.kernels import Kernel

SETTINGS = {"network": {"internal_ssl": True}, "culling": {"check_every": "1s"}}


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductHub]:
    """It, with all its services."""
    hub = ProductHub(tmp_path_factory.mktemp("hub"), client, SETTINGS)
    with run(hub):
        yield hub


async def test_a_server_answers_the_hub_and_its_proxy_and_nobody_else(
    hub: ProductHub,
) -> None:
    """Kernels by the proxy; the culler's questions; nothing without encryption, or without a name.

    No image is pulled for it, and no volume is left.
    """
    user = hub.newcomer()
    assert hub.start(user).ok
    container = hub.container(user)

    assert await Kernel(hub, user).run("print(6 * 7)") == "42\n"

    wait_for(lambda: f"{user} stays: " in hub.log.partition("this is the first look")[2], "a look")
    assert "does not answer" not in hub.log
    (network,) = container["NetworkSettings"]["Networks"].values()
    address = f"{network['IPAddress']}:8888/user/{user}/api"
    assert not _answers(f"http://{address}")
    assert not _answers(f"https://{address}", _seal(hub))
    assert not _answers(f"https://{address}", _seal(hub, f"user-{user}"))  # which students have
    assert _answers(f"https://{address}", _seal(hub, "hub-internal"))
    assert not [mount for mount in container["Mounts"] if "ssl" in mount["Source"]]


def _seal(hub: ProductHub, name: str = "") -> ssl.SSLContext:
    """Certificates to ask with: those of this name, or none."""
    (place,) = (hub.folder / ".hub" / "internal-ssl").iterdir()
    seal = ssl.create_default_context(cafile=place / "hub-ca_trust.crt")
    if name:
        seal.load_cert_chain(place / name / f"{name}.crt", place / name / f"{name}.key")
    return seal


def _answers(url: str, seal: ssl.SSLContext | bool = True) -> bool:
    try:
        return httpx.get(url, verify=seal, timeout=PATIENCE).status_code == 200
    except httpx.TransportError:
        return False
