"""The lines of a hub's configuration that make it run the service."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config as Traits

from opendata_hub.errors import ConfigError
from opendata_hub.machine.access import Access
from opendata_hub.registries import Login
from opendata_hub.services import images
from opendata_hub.services.images.config import VARIABLE, Config, from_environment
from opendata_hub.site import Site

CATALOGUE = [{"slug": "a", "display_name": "A", "image": "example.org/a:1"}]
SECRET = "s3cret-of-the-registry"


def _added(*args: Any, **options: Any) -> tuple[dict[str, Any], Traits]:
    """Add the service to a hub that has one already; return what it got, and all."""
    c = Traits()
    c.JupyterHub.services = [{"name": "other"}]
    c.JupyterHub.load_roles = [{"name": "admin"}]
    images.add(c, 8002, *args, **options)
    other, service = c.JupyterHub.services
    assert other == {"name": "other"}
    return service, c


def _config(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Config:
    """Read it as the service does."""
    monkeypatch.setenv(VARIABLE, service["environment"][VARIABLE])
    return from_environment()


def test_the_hub_runs_it_on_loopback() -> None:
    """A process of this Python, whose page is for those whom the hub lets see it."""
    service, _ = _added(CATALOGUE)

    assert service["name"] == "images"
    assert service["url"] == "http://127.0.0.1:8002"
    assert service["command"] == [
        sys.executable,
        "-m",
        "opendata_hub.services",
        "opendata_hub.services.images",
    ]


def test_it_may_see_who_starts_what_and_nothing_else() -> None:
    """Two scopes, beside the roles that are there."""
    _, c = _added(CATALOGUE)

    assert c.JupyterHub.load_roles == [
        {"name": "admin"},
        {"name": "images", "services": ["images"], "scopes": ["list:users", "read:servers"]},
    ]


def test_a_hub_without_services_gets_its_first() -> None:
    """As in an existing hub of three lines."""
    c = Traits()
    images.add(c, 8002, CATALOGUE)

    assert [service["name"] for service in c.JupyterHub.services.get_value([])] == ["images"]
    assert [role["name"] for role in c.JupyterHub.load_roles.get_value([])] == ["images"]


def test_what_it_is_told_is_what_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting goes through the environment and comes out the same."""
    (tmp_path / "catalogue.yaml").write_text(json.dumps(CATALOGUE))
    login = Login.model_validate({"username": "u", "password_file": str(tmp_path / "word")})
    site = Site.model_validate({"http_proxy": "http://proxy.example.org:3128"})
    access = Access(site, {"example.org": login}, tmp_path / "bundle.pem")
    service, _ = _added(tmp_path / "catalogue.yaml", check_every=60.0, watermark=0.5, access=access)

    config = _config(service, monkeypatch)

    assert [image.slug for image in config.images().images] == ["a"]
    assert (config.check_every, config.watermark) == (60, 0.5)
    assert access == config.access


def test_a_list_has_its_recipes_and_its_lock_in_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are found from wherever the hub was started."""
    (tmp_path / "Dockerfile").touch()
    lock = tmp_path / "hub.lock"
    lock.write_text(f"images: {{'example.org/a:1': {{digest: 'sha256:{'1' * 64}'}}}}")
    entries = [{**CATALOGUE[0], "build": "."}]
    service, _ = _added(entries, folder=tmp_path, lock=lock)

    (image,) = _config(service, monkeypatch).images().images

    assert image.build == tmp_path
    assert image.digest == f"sha256:{'1' * 64}"


def test_a_secret_is_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the command line, which every user can read, nor a printed setting shows it."""
    login = Login.model_validate({"username": "u", "password": SECRET})
    service, c = _added(CATALOGUE, access=Access(Site(), {"example.org": login}, None))

    variables = service.pop("environment")
    assert SECRET not in str(c)
    assert [name for name, value in variables.items() if SECRET in value] == [VARIABLE]
    monkeypatch.setenv(VARIABLE, variables[VARIABLE])
    config = from_environment()
    assert config.registries["example.org"].secret() == SECRET
    assert SECRET not in repr(config)


def test_it_gets_the_way_to_the_engine_and_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub hands down none of it; what is nobody's business stays with the hub."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2376")
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "hub's own")
    service, _ = _added(CATALOGUE)

    assert service["environment"]["DOCKER_HOST"] == "tcp://192.0.2.1:2376"
    assert service["environment"]["https_proxy"] == "http://proxy.example.org:3128"
    assert "CONFIGPROXY_AUTH_TOKEN" not in service["environment"]


@pytest.mark.parametrize("value", [None, "", "{catalogue: []"])
def test_without_the_hub_it_says_where_it_belongs(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever starts it by hand reads a sentence."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)

    with pytest.raises(ConfigError, match="the hub sets it where its configuration calls"):
        from_environment()


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting and its value."""
    service, _ = _added(CATALOGUE, watermark=85)

    with pytest.raises(ConfigError, match=f"{VARIABLE}: watermark is 85"):
        _config(service, monkeypatch)
