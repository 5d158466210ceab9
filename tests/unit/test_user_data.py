"""User-data: what a new machine is told, and what is not fit for it."""

import base64
import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from opendata_hub import places
from opendata_hub.cli import main
from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.install import carried, user_data
from opendata_hub.site import Site

HUB = "hub: {title: Muons}\n"


def parsed(text: str) -> tuple[dict[str, bytes], list[list[str]], dict[str, str]]:
    """Files by path, commands, and permissions by path."""
    assert text.startswith("#cloud-config\n")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    assert set(content) == {"write_files", "runcmd"}
    assert {entry["encoding"] for entry in content["write_files"]} == {"gz+b64"}
    files = {
        entry["path"]: gzip.decompress(base64.b64decode(entry["content"]))
        for entry in content["write_files"]
    }
    modes = {entry["path"]: entry["permissions"] for entry in content["write_files"]}
    return files, content["runcmd"], modes


def test_it_carries_hub_yaml_and_the_program() -> None:
    """Byte for byte; hub.yaml is closed to others."""
    files, commands, modes = parsed(user_data.render(HUB, {}, Site()))

    program = (places.ASSETS / "bootstrap.py").read_bytes()
    assert files == {
        "/etc/opendata-hub/hub.yaml": HUB.encode(),
        "/opt/opendata-hub/bootstrap.py": program,
    }
    assert modes["/etc/opendata-hub/hub.yaml"] == "0600"
    assert commands == [
        ["python3", "/opt/opendata-hub/bootstrap.py", "--package", "opendata-hub", "--page"]
    ]


def test_package_and_disk_are_one_word_each() -> None:
    """What looks like a command of a shell is none."""
    spec, disk = 'opendata-hub==1.2; "$(reboot)"', "/dev/disk/by-id/*data*"
    _, (command,), _ = parsed(user_data.render(HUB, {}, Site(), spec, disk))

    assert command[2:] == ["--package", spec, "--data-disk", disk, "--page"]


def test_a_site_is_known_before_the_package_is() -> None:
    """apt and pip take proxy and authority from their environment."""
    site = Site(
        http_proxy="http://proxy.example.org:3128", no_proxy=(".example.org",), ca_bundle="ca.pem"
    )
    _, (command,), _ = parsed(user_data.render(HUB, {"ca.pem": b"PEM"}, site))

    assert command[:6] == [
        "env",
        "http_proxy=http://proxy.example.org:3128",
        "https_proxy=http://proxy.example.org:3128",
        "no_proxy=localhost,127.0.0.1,::1,.example.org",
        "PIP_CERT=/etc/opendata-hub/ca.pem",
        "python3",
    ]


def test_what_is_too_large_is_refused() -> None:
    """With the size, the limit, and what to leave out."""
    noise = bytes(range(256)) * 400
    large = {"roster.csv": os.urandom(20_000), "ca.pem": noise}

    with pytest.raises(MachineError, match=r"have \d{5} bytes, and clouds take 16384; .*roster"):
        user_data.render(HUB, large, Site())


def test_files_beside_hub_yaml_come_along(tmp_path: Path) -> None:
    """Those that it names, and no other."""
    (tmp_path / "secret").write_text("s")
    (tmp_path / "stray").write_text("s")
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "a.ipynb").write_text("{}")
    config = tmp_path / "hub.yaml"
    config.write_text(
        "login: {method: github, admins: [], client_id: x, client_secret_file: secret}\n"
        "homes: {welcome: hello}\n"
    )

    asked = carried.read(config)

    assert carried.files(asked, tmp_path) == {"secret": b"s", "hello/a.ipynb": b"{}"}
    assert carried.secrets(asked) == ["login.client_secret_file"]


def test_the_checkouts_own_files_come_with_the_package() -> None:
    """The repository's hub.yaml fits as it is."""
    asked = carried.read(places.ASSETS / "hub.yaml")

    assert carried.files(asked, places.ASSETS) == {}


def test_what_is_fetched_needs_nothing_beside_hub_yaml(tmp_path: Path) -> None:
    """The new machine downloads it, whether hub.yaml says where to, or not."""
    (tmp_path / "data").mkdir()
    config = tmp_path / "hub.yaml"
    config.write_text("datasets: {muons: {record: 30560}, more: {record: 7, path: data}}\n")

    assert list(carried.read(config).datasets) == ["muons", "more"]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("datasets: {muons: data}\n", "datasets.muons is 'data', a folder beside it"),
        ("site: {ca_bundle: ca.pem}\n", "names 'ca.pem', which is not there"),
        ("site: {ca_bundle: ../ca.pem}\n", "names '../ca.pem', which is not below its folder"),
        ("hubb: {}\n", "Did you mean 'hub'"),
    ],
)
def test_what_cannot_come_along_is_said(tmp_path: Path, written: str, why: str) -> None:
    """Before a machine is paid for."""
    (tmp_path / "data").mkdir()
    config = tmp_path / "hub.yaml"
    config.write_text(written)

    with pytest.raises(ConfigError) as refused:
        carried.files(carried.read(config), tmp_path)

    assert why in str(refused.value)


def test_the_command_prints_it_and_warns(tmp_path: Path) -> None:
    """Of secrets, at its head and beside it; of files that the new machine must have."""
    config = tmp_path / "hub.yaml"
    config.write_text(
        "login: {method: github, admins: [], client_id: x, client_secret: geheim}\n"
        "site: {ca_bundle: /etc/ssl/site.pem}\n"
    )

    result = CliRunner().invoke(main, ["cloud-init", "--config", str(config), "--package", "x==1"])

    assert result.exit_code == 0, result.output
    assert "# It holds secrets (login.client_secret)" in result.stdout
    files, _, _ = parsed(result.stdout)
    assert files["/etc/opendata-hub/hub.yaml"] == config.read_bytes()
    assert "Warning: it holds secrets (login.client_secret)" in result.stderr
    assert "Warning: /etc/ssl/site.pem: named by the whole path" in result.stderr
    assert "geheim" not in result.stderr


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("login: {client_secret: s}\n", "login.client_secret is nothing to the method native"),
        ("hub: {url: 'http://hub.example.org'}\n", "hub.yaml: hub.url is"),
        ("https: {authority: lan}\n", "hub.yaml: https is written, but hub.url is"),
    ],
)
def test_what_no_hub_would_start_with_is_refused(tmp_path: Path, written: str, why: str) -> None:
    """As `opendata-hub check` does, as far as that is possible elsewhere."""
    config = tmp_path / "hub.yaml"
    config.write_text(written)

    with pytest.raises(ConfigError, match=why):
        carried.read(config)


def test_a_hub_that_nobody_would_reach_is_warned_of(tmp_path: Path) -> None:
    """localhost is right on one's own computer only."""
    config = tmp_path / "hub.yaml"
    config.write_text(HUB)

    result = CliRunner().invoke(main, ["cloud-init", "--config", str(config)])

    assert "Warning: hub.url is http://localhost:8000" in result.stderr
