"""The hub of a site with a proxy, an authority of its own, and a private registry."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import jupyterhub
import pytest
import trustme

from opendata_hub.machine.network import name, nft
from tests.browser.product import ProductHub
from tests.conftest import remove_image
from tests.hubs import run, wait_for
from tests.registries import PASSWORD, USER, registry
from tests.site_proxies import WORDS, SiteProxy, site_proxy, web_server

SERVER = f"""
CMD ["python3", "-c", "\\
from http.server import *\\n\\
class H(BaseHTTPRequestHandler):\\n\\
    def do_GET(self):\\n\\
        self.send_response(200)\\n\\
        self.send_header('X-JupyterHub-Version', '{jupyterhub.__version__}')\\n\\
        self.end_headers()\\n\\
HTTPServer(('', 8888), H).serve_forever()"]
"""
FETCH = "from urllib.request import urlopen; print(urlopen({url!r}).read().decode())"


@dataclass(frozen=True)
class Place:
    """A hub at a site."""

    hub: ProductHub
    proxy: SiteProxy
    url: str
    """Of a web server whose certificate is the site's own."""


@pytest.fixture(scope="module")
def place(
    client: docker.APIClient,
    build: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """A hub as hub.yaml makes it; its one image is in a private registry only."""
    folder, authority = tmp_path_factory.mktemp("site"), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    # Of the bridge that servers do not stand on: what is on theirs is reached without the proxy.
    address = client.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    built = build(SERVER, base="opendata-hub/debian:bookworm")
    with (
        registry(folder, login=True) as source,
        site_proxy(folder, address) as proxy,
        web_server(address, authority.issue_cert(address)) as url,
    ):
        source.push(client, built, "lesson:1")
        client.remove_image(built)
        image, host = f"localhost:{source.port}/lesson:1", f"localhost:{source.port}"
        settings = _settings(image, host, proxy.url)
        hub = ProductHub(folder, client, settings, students=2)
        with run(hub):
            yield Place(hub, proxy, url)
        remove_image(client, image)


def _settings(image: str, host: str, proxy: str) -> dict[str, Any]:
    entry = {"slug": "lesson", "display_name": "The lesson", "image": image}
    return {
        "images": [entry, {**entry, "slug": "own", "environment": {"HTTPS_PROXY": "http://own:1"}}],
        "registries": {host: {"username": USER, "password": PASSWORD}},
        "site": {"http_proxy": proxy, "ca_bundle": "authority.pem"},
    }


def _inside(client: docker.APIClient, container: str, *command: str) -> str:
    made = client.exec_create(container, list(command))["Id"]
    output: bytes = client.exec_start(made)
    return output.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def server(place: Place) -> str:
    """A server's container, its image pulled with the login."""
    user = place.hub.newcomer()
    assert place.hub.start(user, {"image": "lesson"}).ok
    return str(place.hub.container(user)["Id"])


def test_a_server_of_a_private_image_gets_out_through_the_proxy(
    place: Place, server: str, client: docker.APIClient
) -> None:
    """Its Python trusts the site's authority, at the proxy's other end."""
    said = _inside(client, server, "python3", "-c", FETCH.format(url=place.url))

    assert said.strip().encode() == WORDS, said
    place.proxy.asked(f"CONNECT {place.url.split('/')[2]}")


def test_the_hub_is_reached_without_the_proxy(place: Place, client: docker.APIClient) -> None:
    """Whatever the site says, a server's own hub and network are near."""
    user = place.hub.newcomer()
    assert place.hub.start(user, {"image": "own"}).ok
    environment = dict(line.split("=", 1) for line in place.hub.container(user)["Config"]["Env"])
    (pool,) = client.inspect_network(name(place.hub.port))["IPAM"]["Config"]
    near = environment["NO_PROXY"].split(",")

    assert {"localhost", "127.0.0.1", pool["Gateway"], pool["Subnet"]} <= set(near)
    assert environment["HTTP_PROXY"] == environment["http_proxy"] == place.proxy.url
    assert environment["HTTPS_PROXY"] == "http://own:1", "an entry's own word goes first"


def test_the_hub_puts_its_rules_back(place: Place) -> None:
    """Somebody flushes the firewall: a service of the hub notices, and the log says so."""
    own = name(place.hub.port)
    assert nft.remove(own)

    wait_for(
        lambda: f"[network] The rules of {own} were gone, and are mended" in place.hub.log, own
    )
    address, port = place.proxy.url.removeprefix("http://").split(":")
    wait_for(lambda: f"{address} . {port}" in nft.listing(own), "the way to the proxy is open")


def test_the_password_is_nowhere_to_be_read(
    place: Place, server: str, client: docker.APIClient
) -> None:
    """Neither in a process list, nor in the hub's log, nor in what the engine tells."""
    container = client.inspect_container(server)
    told = json.dumps([container, client.inspect_image(container["Image"])])
    commands = [_read(file) for file in Path("/proc").glob("[0-9]*/cmdline")]

    for text in (told, place.hub.log, *commands):
        assert PASSWORD not in text


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:  # the process has ended
        return ""
