"""What of a hub.yaml would give secrets, or other people's files, to students."""

from collections.abc import Callable
from pathlib import Path

import pytest
from traitlets.config import Config

from opendata_hub.errors import ConfigError
from opendata_hub.machine import daemon
from opendata_hub.settings import hazards, load, sealing
from opendata_hub.settings.state import State

Write = Callable[[str], Path]
GITHUB = "login: {method: github, client_id: x, client_secret_file: keys/github}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a hub.yaml with one image."""

    def write(more: str) -> Path:
        file = tmp_path / "hub.yaml"
        file.write_text(f"images: [{{slug: a, display_name: A, image: example.org/a:1}}]\n{more}\n")
        return file

    return write


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/", "in which the engine's socket is"),
        ("/var/run", "in which the engine's socket is"),
        (".", "in which the hub keeps its secrets"),
        ("srv", "in which everybody's homes are"),
        ("srv/homes", "in which everybody's homes are"),
        ("srv/homes/anna", "inside '.*/srv/homes', where everybody's homes are"),
        ("/var/lib", "in which the engine keeps everybody's files"),
        ("keys", "in which the login's secret is"),
    ],
)
def test_a_folder_with_more_than_data_is_no_dataset(
    write: Write, tmp_path: Path, path: str, why: str
) -> None:
    """Read-only helps nothing there."""
    (tmp_path / "srv" / "homes" / "anna").mkdir(parents=True)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "github").touch(mode=0o600)
    homes = "homes: {storage: folder, path: srv/homes}"
    file = write(f"{homes}\n{GITHUB}\ndatasets: {{all: {path!r}}}")

    with pytest.raises(ConfigError, match=f"hub.yaml: datasets.all is .*, {why}; write a folder"):
        load(file)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".", "in which everybody's homes are"),
        ("volumes", "in which everybody's homes are"),
        ("volumes/home-anna/_data", "inside '.*/volumes', where everybody's homes are"),
        ("overlay2", "inside '.*', where the engine keeps everybody's files"),
    ],
)
def test_what_the_engine_keeps_is_no_dataset(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, why: str
) -> None:
    """Homes are there unless hub.yaml says otherwise."""
    monkeypatch.setattr(daemon, "ROOT", root := tmp_path / "docker")
    (root / path).mkdir(parents=True)

    with pytest.raises(ConfigError, match=f"datasets.all is .*, {why}; write a folder"):
        load(write(f"datasets: {{all: docker/{path}}}"))


def test_a_folder_beside_the_homes_is_a_dataset(write: Write, tmp_path: Path) -> None:
    """Also one whose name begins alike."""
    for folder in ("srv/homes", "srv/homes-of-data", "data"):
        (tmp_path / folder).mkdir(parents=True)

    homes = "homes: {storage: folder, path: srv/homes}"
    load(write(f"{homes}\ndatasets: {{more: srv/homes-of-data, data: data}}"))


def test_a_file_with_secrets_that_others_can_read_is_named(tmp_path: Path) -> None:
    """One without, or closed, or with the name of a file that holds it, is not."""
    file = tmp_path / "hub.yaml"
    file.touch(mode=0o644)
    secret = {"method": "github", "options": {"client_secret": "x"}}

    said = hazards.open_secrets(file, secret)

    assert said.startswith("hub.yaml holds login.options.client_secret, and other users")
    for harmless in ({}, {"options": {"client_secret": "", "secret_file": "/etc/x"}}):
        assert not hazards.open_secrets(file, harmless)
    file.chmod(0o600)
    assert not hazards.open_secrets(file, secret)
    assert not hazards.open_secrets(tmp_path / "none", secret)


def test_a_hub_that_encrypts_speaks_so_to_its_proxy_too(tmp_path: Path) -> None:
    """With certificates for its address, and for the name that people type."""
    c = Config()
    c.JupyterHub.hub_ip = "172.18.0.1"
    c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:8001"

    sealing.add(c, State(tmp_path), "hub.example.org")

    assert c.JupyterHub.internal_ssl is True
    assert c.JupyterHub.trusted_alt_names == ["IP:172.18.0.1", "DNS:hub.example.org"]
    assert c.JupyterHub.internal_certs_location == str(tmp_path / ".hub/internal-ssl/172.18.0.1")
    assert c.ConfigurableHTTPProxy.api_url == "https://127.0.0.1:8001"
