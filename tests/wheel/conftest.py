"""The wheel, and administrators who install it beside the JupyterHub they have."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.hubs import RunningHub, run
from tests.wheel.environments import build_wheel, hub_with_package
from tests.wheel.existing import ExistingHub


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session", params=["6.1", "5.4"], ids="hub {}".format)
def version(request: pytest.FixtureRequest) -> str:
    """The JupyterHub that the administrator has, to the minor version."""
    return str(request.param)


@pytest.fixture(scope="session")
def python(version: str, wheel: Path, pytestconfig: pytest.Config) -> Path:
    """Python of the administrator's environment, with hub and package."""
    assert pytestconfig.cache
    folder = pytestconfig.cache.mkdir("wheel") / f"hub-{version}"
    return hub_with_package(folder, f"jupyterhub=={version}.*", wheel)


@pytest.fixture(scope="session")
def hub(
    python: Path, client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHub]:
    """The administrator's hub."""
    hub = ExistingHub(tmp_path_factory.mktemp("existing"), client, "", str(python))
    with run(hub):
        yield hub


@pytest.fixture
def user(hub: RunningHub, new_name: Callable[[str], str]) -> str:
    """A new user."""
    return hub.add_user(new_name("user"))
