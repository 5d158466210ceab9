"""Builds at a site with a proxy and an authority of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import trustme

from opendata_hub.engine import ensure_network
from opendata_hub.machine import daemon, debian, packages, recipes, trust
from opendata_hub.machine.access import Access
from opendata_hub.site import Site
from tests.conftest import remove_image
from tests.site_proxies import SiteProxy, site_proxy, web_server

FETCH = "RUN python3 -c \"from urllib.request import urlopen; print(urlopen('{url}').read())\""


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    """The engine of this machine."""
    client = daemon.connect()
    yield client
    client.close()


@pytest.fixture
def tag(client: docker.DockerClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """A reference for the image under test, which is removed in the end."""
    reference = f"opendata-hub/{new_name('test')}:1"
    yield reference
    remove_image(client.api, reference)


@pytest.fixture(scope="module")
def address() -> str:
    """An address of this machine that is not loopback, which no proxy leads to."""
    return ensure_network("opendata-hub", {"org.opendata-hub.role": "network"})


@pytest.fixture
def proxy(address: str, tmp_path: Path) -> Iterator[SiteProxy]:
    """A proxy of the site."""
    with site_proxy(tmp_path, address) as proxy:
        yield proxy


def test_a_build_takes_the_proxy_and_leaves_nothing_of_it_in_the_image(
    client: docker.DockerClient, proxy: SiteProxy, address: str, tmp_path: Path, tag: str
) -> None:
    """Steps reach the network; where the image goes later, another proxy may be, or none."""
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    with web_server(address) as url:
        lines = ("FROM opendata-hub/debian:bookworm", FETCH.format(url=f"{url}{tag}"))
        (recipe / "Dockerfile").write_text("\n".join(lines))
        recipes.build(client, recipe, tag, print, Access(Site(http_proxy=proxy.url)))
    proxy.asked(f"/{tag} - 200 OK")
    image = client.images.get(tag)

    assert proxy.url not in str(image.attrs)
    assert proxy.url not in str(image.history())


def _base(engine: docker.DockerClient, suite: str, site: Site, say: Callable[[str], None]) -> str:
    return debian.ensure(engine, suite, say, Access(site))


def test_the_base_is_made_with_the_sites_authority_through_the_proxy(
    client: docker.DockerClient,
    proxy: SiteProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    new_name: Callable[[str], str],
) -> None:
    """It is made anew when the authority changes, and only then."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "debootstrap").write_text(
        '#!/bin/sh\neval root=\\${$(($# - 1))}\nmkdir -p "$root/etc/apt"\n'
        'echo "$http_proxy" > "$root/etc/proxy"\n'
    )
    (programs / "debootstrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{packages.path()}")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    site = Site(http_proxy=proxy.url, ca_bundle=tmp_path / "ca.pem")
    suite, said = new_name("suite"), list[str]()
    try:
        plain = _base(client, suite, Site(), print)
        made = _base(client, suite, site, print)
        assert made != plain and _base(client, suite, site, said.append) == made
        assert said == []
        assert (tmp_path / "ca.pem").read_bytes() in _file(client, made, str(trust.BUNDLE))
        assert proxy.url.encode() in _file(client, made, "/etc/proxy")
        client.images.remove(plain)
    finally:
        remove_image(client.api, f"{debian.REPOSITORY}:{suite}")


def _file(client: docker.DockerClient, image: str, path: str) -> bytes:
    container = client.containers.create(image, "none")
    try:
        return b"".join(container.get_archive(path)[0])
    finally:
        container.remove()
