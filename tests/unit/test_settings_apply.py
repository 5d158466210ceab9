"""Checked settings become traitlets; what the machine lacks is one sentence."""

import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from jupyterhub.orm import new_session_factory
from sqlalchemy import text
from traitlets.config import Config

from opendata_hub.login.native import NativeAuthenticator
from opendata_hub.registries import auth_config
from opendata_hub.settings import configure
from opendata_hub.settings.login import SHARED_WARNING

CATALOGUE = "images: [{slug: a, display_name: A, image: example.org/a:1}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, a proxy beside this Python, and servers as local processes."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "configurable-http-proxy").touch(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("OPENDATA_HUB_PREVIEW", "1")
    monkeypatch.delenv("OPENDATA_HUB_CONFIG", raising=False)
    monkeypatch.delenv("OPENDATA_HUB_PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(folder: Path, more: str = "", **arguments: Any) -> Config:
    """Return what a hub.yaml turns into."""
    (folder / "hub.yaml").write_text(CATALOGUE + more)
    c = Config()
    configure(c, **arguments)
    return c


def test_ports_follow_from_the_public_one(folder: Path) -> None:
    """Two hubs on one machine differ in one number."""
    c = configured(folder, "hub: {url: 'http://localhost:9000'}")

    assert c.JupyterHub.bind_url == "http://127.0.0.1:9000"
    assert c.ConfigurableHTTPProxy.api_url == "http://127.0.0.1:9001"
    assert c.JupyterHub.hub_port == 9081
    assert c.ConfigurableHTTPProxy.command[-1] == str(folder / "bin" / "configurable-http-proxy")


def test_a_port_can_be_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument goes before the file, the environment before both."""
    assert configured(folder, port=8100).JupyterHub.bind_url == "http://127.0.0.1:8100"

    monkeypatch.setenv("OPENDATA_HUB_PORT", "8200")
    assert configured(folder, port=8100).JupyterHub.bind_url == "http://127.0.0.1:8200"


@pytest.mark.parametrize(
    ("port", "sentence"),
    [
        ("x", "The port is 'x'; write a whole number, such as 8000."),
        ("-1", "The port is '-1'; write a whole number, such as 8000."),
        (
            "65536",
            "with port 65536: url is 'http://localhost:65536'; write a port from 1 to 65454.",
        ),
    ],
)
def test_an_impossible_port_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, port: str, sentence: str
) -> None:
    """The hub does not start on a port that cannot be."""
    monkeypatch.setenv("OPENDATA_HUB_PORT", port)
    with pytest.raises(SystemExit) as caught:
        configured(folder)

    assert caught.value.code == sentence


def test_a_preview_is_local_whatever_the_address(folder: Path) -> None:
    """Servers that nothing separates are not offered to a network; each page says so."""
    c = configured(folder, "hub: {url: 'http://lab.example.org'}")

    assert c.JupyterHub.spawner_class == "opendata-preview"
    assert c.JupyterHub.bind_url == "http://127.0.0.1:80"
    assert c.JupyterHub.hub_ip == "127.0.0.1"
    assert "nothing separates them" in c.JupyterHub.template_vars["announcement"]


def test_a_preview_needs_no_certificate(folder: Path) -> None:
    """On this machine alone nothing is encrypted, and no port of root's is taken."""
    c = configured(folder, "hub: {url: 'https://hub.example.org'}")

    assert c.JupyterHub.bind_url == "http://127.0.0.1:8009"
    assert "public_url" not in c.JupyterHub


def test_an_ipv6_address_is_bound_as_one(folder: Path) -> None:
    """The loopback address of IPv6 is loopback, too."""
    c = configured(folder, "hub: {url: 'http://[::1]:9000'}")

    assert c.JupyterHub.bind_url == "http://[::1]:9000"


def test_the_hubs_own_files_are_in_one_closed_folder(folder: Path) -> None:
    """Database, secret and process number lie beside hub.yaml, for the hub's user only."""
    c = configured(folder)
    state = folder / ".hub"

    assert c.JupyterHub.db_url == f"sqlite:///{state}/jupyterhub.sqlite"
    assert c.JupyterHub.cookie_secret_file == f"{state}/cookie_secret"
    assert c.ConfigurableHTTPProxy.pid_file == f"{state}/proxy.pid"
    assert state.stat().st_mode & 0o777 == 0o700


def test_native_login_lets_in_only_who_was_approved(folder: Path) -> None:
    """The default has passwords, approval and a throttle, and trusts no name of the file."""
    c = configured(folder, "login: {admins: [anna], options: {minimum_password_length: 12}}")

    assert c.JupyterHub.authenticator_class is NativeAuthenticator
    assert c.NativeAuthenticator.open_signup is False
    assert c.NativeAuthenticator.minimum_password_length == 12
    assert {"name": "admin", "users": ["anna"]} in c.JupyterHub.load_roles
    assert "admin_users" not in c.Authenticator


def test_new_logins_are_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first start prints each login, the second none."""
    configured(folder, "login: {options: {allowed_users: [ben]}}")
    first = capsys.readouterr().out
    configured(folder, "login: {options: {allowed_users: [ben]}}")

    assert [line.split()[2] for line in first.splitlines()[:-1]] == ["admin", "ben", "student"]
    assert str(folder / ".hub" / "logins") in first
    assert capsys.readouterr().out == ""


def test_a_shared_password_comes_with_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Start says what a class password means, and nobody is let in unasked."""
    c = configured(
        folder, "login: {method: shared-password, options: {user_password: secret-of-class}}"
    )

    assert capsys.readouterr().out.startswith(f"{SHARED_WARNING}\n")
    assert c.SharedPasswordAuthenticator.user_password == "secret-of-class"
    assert c.Authenticator.allow_all is False
    assert c.Authenticator.admin_users == {"admin"}
    assert not (folder / ".hub" / "logins").exists()


def test_no_method_lets_everyone_in_by_default(folder: Path) -> None:
    """Also one whose own default would, such as JupyterHub's dummy."""
    c = configured(folder, "login: {method: dummy, admins: []}")
    authenticator = c.JupyterHub.authenticator_class(config=c)

    assert authenticator.allow_all is False


def test_groups_are_loaded_with_their_source(folder: Path) -> None:
    """The hub gets each group's users, and a mark that hub.yaml made it."""
    c = configured(folder, "groups: {physics: [anna, ben]}")

    assert c.JupyterHub.load_groups == {
        "physics": {"users": ["anna", "ben"], "properties": {"source": "hub.yaml"}}
    }


def test_the_spawner_gets_checked_values(folder: Path) -> None:
    """Limits, datasets, own images and welcome files arrive as traits."""
    (folder / "data").mkdir()
    c = configured(
        folder,
        "custom_image: 'quay.io/.*'\n"
        "datasets: {all: data, some: {path: data, groups: [physics]}, open: {record: 1}}\n"
        "homes: {welcome: data}\n"
        "limits: {memory: 1G, cpu: 2, processes: 99}\nstart: {slots: 5}",
    )
    data = str(folder / "data")

    assert c.OpenDataSpawner.catalogue[0]["slug"] == "a"
    assert c.OpenDataSpawner.lock == str(folder / "hub.lock")
    assert c.OpenDataSpawner.custom_image == "quay.io/.*"
    assert c.OpenDataSpawner.datasets == {
        "all": {"path": data, "groups": (), "fetched": False},
        "some": {"path": data, "groups": ("physics",), "fetched": False},
        "open": {"path": str(folder / "datasets" / "open"), "groups": (), "fetched": True},
    }
    assert c.OpenDataSpawner.welcome == data
    assert c.OpenDataSpawner.process_limit == 99
    assert c.OpenDataSpawner.start_slots == 5
    assert c.Spawner.mem_limit == 2**30
    assert c.Spawner.cpu_limit == 2


def test_a_catalogue_file_stays_a_path(folder: Path) -> None:
    """The spawner reads the file again when it changes, and the lock beside it."""
    (folder / "list.yaml").write_text(CATALOGUE)
    (folder / "hub.yaml").write_text("images: list.yaml")
    c = Config()
    configure(c)

    assert c.OpenDataSpawner.catalogue == str(folder / "list.yaml")
    assert c.OpenDataSpawner.lock == str(folder / "list.lock")


def test_hub_yaml_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment, by argument, beside the config file, or not at all."""
    for name in ("env", "arg", "beside"):
        (folder / name).mkdir()
        (folder / name / "hub.yaml").write_text(f"{CATALOGUE}hub: {{title: {name}}}")

    def title(**arguments: Any) -> str:
        c = Config()
        configure(c, **arguments)
        return str(c.JupyterHub.template_vars["hub_title"])

    assert title() == "Notebooks"
    assert title(beside=folder / "beside" / "jupyterhub_config.py") == "beside"
    assert title(path="arg/hub.yaml") == "arg"
    monkeypatch.setenv("OPENDATA_HUB_CONFIG", "env/hub.yaml")
    assert title(path="arg/hub.yaml") == "env"


def test_a_fault_ends_the_start_with_its_sentence(folder: Path) -> None:
    """The hub shows the text and ends, without a traceback."""
    with pytest.raises(SystemExit) as caught:
        configured(folder, "limits: {cpu: 0}")

    assert caught.value.code == "hub.yaml: limits.cpu is 0; write a number above 0."
    with pytest.raises(SystemExit, match="does not exist"):
        configured(folder, path="none.yaml")


def test_a_missing_proxy_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the proxy program the sentence has the command that installs it."""
    (folder / "bin" / "configurable-http-proxy").unlink()
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(SystemExit, match="npm install --global configurable-http-proxy"):
        configured(folder)


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    """Where the hub's folder cannot be, the sentence names it."""
    (folder / ".hub").touch()
    with pytest.raises(SystemExit, match=r"\.hub cannot be used: File exists; run the hub as"):
        configured(folder)


def test_logins_that_cannot_be_written_are_told(folder: Path) -> None:
    """The hub does not start with accounts that nobody knows."""
    (folder / ".hub" / "logins").mkdir(parents=True)
    with pytest.raises(SystemExit, match=r"logins cannot be written: Is a directory\."):
        configured(folder)


def test_the_hub_waits_for_the_disk_as_little_as_it_can(folder: Path) -> None:
    """The database writes ahead, and each commit is still on the disk before it is answered."""
    hub = configured(folder).JupyterHub
    session = new_session_factory(hub.db_url, **hub.db_kwargs)()

    asked = [session.scalar(text(f"pragma {name}")) for name in ("journal_mode", "synchronous")]
    session.close()
    session.get_bind().dispose()

    assert asked == ["wal", 2]


def test_the_site_reaches_servers_and_logins_reach_pulls(folder: Path) -> None:
    """Servers get the variables, and a file with the machine's authorities and the site's."""
    trustme.CA().cert_pem.write_to_path(str(folder / "ca.pem"))
    c = configured(
        folder,
        "site: {http_proxy: 'http://proxy.example.org:3128', ca_bundle: ca.pem}\n"
        "registries: {quay.io: {username: me, password: hush}}\n"
        "hub: {url: 'http://lab.example.org'}",
    )
    environment, bundle = c.Spawner.environment, folder / ".hub" / "ca-bundle.pem"

    assert environment["HTTPS_PROXY"] == "http://proxy.example.org:3128"
    assert "lab.example.org" in environment["no_proxy"].split(",")
    assert environment["SSL_CERT_FILE"] == str(bundle)
    assert bundle.read_text().endswith((folder / "ca.pem").read_text())
    assert auth_config(c.OpenDataSpawner.registries, "quay.io/a") == {
        "username": "me",
        "password": "hush",
    }
    assert "hush" not in repr(c)
