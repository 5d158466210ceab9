"""A private registry of a site: its login, its authority, and the proxy on the way to it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import trustme

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError, MachineError, PullError
from opendata_hub.machine import certs, pulling, recipes
from opendata_hub.machine.access import Access
from opendata_hub.registries import Login
from tests.conftest import remove_image
from tests.engine.conftest import all_of
from tests.engine.own_engines import ADDRESS, own_engine
from tests.ports import free_ports
from tests.registries import PASSWORD, USER, Pushed, registry
from tests.site_proxies import SiteProxy, site_proxy


@dataclass(frozen=True)
class Private:
    """An engine that reaches a registry with TLS and login, through a proxy."""

    client: docker.DockerClient
    host: str
    image: Pushed
    proxy: SiteProxy
    authority: Path

    @property
    def reference(self) -> str:
        """The image's."""
        return f"{self.host}/{self.image.name}"

    def logins(self, password: str = PASSWORD) -> dict[str, Login]:
        """A login at the registry."""
        return {self.host: Login(username=USER, password=password)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Private]:
    """An engine of its own, in a network where nothing else is."""
    folder = tmp_path_factory.mktemp("private")
    proxy_port, port = free_ports(2)
    url, authority = f"http://{ADDRESS}:{proxy_port}", trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    with registry(folder, port=port) as source:
        image = source.push_random("lesson:1", [1000])
    environment = {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": "localhost,127.0.0.1"}
    leaf = authority.issue_cert(ADDRESS)
    with (
        own_engine(folder, "64m", environment) as own,
        site_proxy(folder, ADDRESS, own.within, proxy_port) as proxy,
        registry(folder, True, own.within, port, ADDRESS, leaf),
    ):
        client = docker.DockerClient(own.url, version="auto")
        host = f"{ADDRESS}:{port}"
        yield Private(client, host, image, proxy, folder / "authority.pem")
        client.close()


@pytest.fixture
def private(place: Private) -> Iterator[Private]:
    """The same, before the engine has the image and trusts the registry."""
    yield place
    remove_image(place.client.api, place.reference)
    shutil.rmtree(certs.FOLDER / place.host, ignore_errors=True)


@pytest.fixture
def trusted(private: Private) -> Private:
    """The same, when the engine trusts the registry."""
    certs.ensure(private.authority, [private.host], print)
    return private


async def _failure(private: Private, logins: dict[str, Login]) -> EngineError:
    with pytest.raises(EngineError) as failed:
        await all_of(Engine(private.client.api, logins).pull(private.reference))
    return failed.value


async def test_a_private_image_comes_with_login_and_authority_through_the_proxy(
    trusted: Private,
) -> None:
    """What hub.yaml says of registries and of the site is all that it takes."""
    engine = Engine(trusted.client.api, trusted.logins())

    assert (await all_of(engine.pull(trusted.reference)))[-1].done == trusted.image.size
    trusted.proxy.asked(f"CONNECT {trusted.host}")


async def test_without_the_authority_the_registry_is_not_believed(private: Private) -> None:
    """A registry that anybody could play gets neither login nor trust."""
    assert "x509: " in str(await _failure(private, private.logins()))


async def test_a_wrong_password_is_told_with_host_and_key(trusted: Private) -> None:
    """The operator reads what to mend; the password is in no word of it."""
    said = str(await _failure(trusted, trusted.logins("wrong-one")))

    assert f"{trusted.host} refused the login" in said and "'registries'" in said
    assert "wrong-one" not in said


async def test_a_missing_login_is_told_with_the_key_that_takes_it(trusted: Private) -> None:
    """A private image without a login may be a typing error, or a line that is missing."""
    said = str(await _failure(trusted, {}))

    assert f"if {trusted.host} asks for a login, write it into hub.yaml under 'registries'" in said


async def test_a_password_file_that_is_gone_fails_the_pull(
    trusted: Private, tmp_path: Path
) -> None:
    """It is read at each pull, so a fault of it shows there, as every other one does."""
    login = Login(username=USER, password_file=tmp_path / "token")
    error = await _failure(trusted, {trusted.host: login})

    assert type(error) is PullError
    assert f"{tmp_path}/token cannot be read" in str(error)


def test_the_command_line_pulls_with_the_login_and_says_what_failed(trusted: Private) -> None:
    """What ``./start`` does before the hub runs takes the same way."""
    with pytest.raises(MachineError, match=r"cannot be pulled: .*refused the login") as failed:
        pulling.fetch(
            trusted.client, trusted.reference, Access(logins=trusted.logins("wrong-one")), print
        )
    assert "wrong-one" not in str(failed.value)
    said: list[str] = []
    pulling.fetch(trusted.client, trusted.reference, Access(logins=trusted.logins()), said.append)
    assert said[0] == f"Pulling {trusted.reference}"
    assert trusted.client.images.get(trusted.reference)


def test_a_recipe_can_stand_on_a_private_image(trusted: Private, tmp_path: Path) -> None:
    """A build has no login of its own; the image below comes before it."""
    (tmp_path / "Dockerfile").write_text(f"FROM {trusted.reference}\nLABEL a=b\n")
    tag = "private-child:1"
    try:
        recipes.build(trusted.client, tmp_path, tag, print, Access(logins=trusted.logins()))
        assert trusted.client.images.get(tag).labels["a"] == "b"
    finally:
        remove_image(trusted.client.api, tag)


def test_trust_is_told_once_and_again_when_it_changed(trusted: Private, tmp_path: Path) -> None:
    """A second start writes nothing; what others keep in that folder is left alone."""
    other = certs.FOLDER / trusted.host / "ca.crt"
    other.write_text("somebody's")
    said: list[str] = []
    certs.ensure(trusted.authority, [trusted.host, "docker.io", "../nowhere.org"], said.append)
    assert said == []
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "new.pem"))
    assert certs.missing(tmp_path / "new.pem", [trusted.host]) == [trusted.host]
    certs.ensure(tmp_path / "new.pem", [trusted.host], said.append)
    assert said == [f"Docker Engine trusts the site's authority for {trusted.host}"]
    assert other.read_text() == "somebody's"
