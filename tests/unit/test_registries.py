"""Logins of registries: which goes with an image, and that nobody reads it by the way."""

import json
from pathlib import Path

import pytest

from opendata_hub.errors import ConfigError
from opendata_hub.registries import Login, advice, auth_config, host_of, is_host
from opendata_hub.spawner import supplies

SECRET = "hush"


def login(**fields: object) -> Login:
    """A login of this user."""
    return Login.model_validate({"username": "me", **fields})


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        ("root", "docker.io"),
        ("atlas/root:6.36", "docker.io"),
        ("docker.io/atlas/root", "docker.io"),
        ("index.docker.io/atlas/root", "docker.io"),
        ("quay.io/jupyter/scipy-notebook:2025-03-14", "quay.io"),
        ("Quay.io/a", "quay.io"),
        ("localhost/a:1", "localhost"),
        ("registry:5000/a@sha256:0123", "registry:5000"),
        ("registry.example.org:5000/group/a", "registry.example.org:5000"),
    ],
)
def test_a_reference_names_its_registry(reference: str, host: str) -> None:
    """As the engine reads it: a first part with a dot, a colon or localhost is a host."""
    assert host_of(reference) == host
    assert is_host(host)


@pytest.mark.parametrize("text", ["..", "../etc", "https://quay.io", "quay", "quay.io/a", ""])
def test_what_is_no_host_is_none(text: str) -> None:
    """A name that would lead out of a folder of hosts is none."""
    assert not is_host(text)


def test_an_image_is_pulled_with_its_registrys_login_and_no_other() -> None:
    """A password goes to whom it is for."""
    logins = {"quay.io": login(password=SECRET)}

    assert auth_config(logins, "quay.io/a:1") == {"username": "me", "password": SECRET}
    assert auth_config(logins, "a:1") is None
    assert auth_config(logins, "quay.io.example.org/a:1") is None


def test_a_password_file_is_read_at_each_pull(tmp_path: Path) -> None:
    """A token that is renewed every few hours needs no restart of the hub."""
    file = tmp_path / "token"
    logins = {"quay.io": login(password_file=file)}
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        file.chmod(0o640)
        assert auth_config(logins, "quay.io/a") == {"username": "me", "password": token}


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0o600, "cannot be read: No such file or directory"),
        (b"", 0o600, "is empty"),
        (b"\xff\xfe", 0o600, "is not a UTF-8 text"),
        (b"hush", 0o604, "can be read by every user; close it: chmod o= "),
    ],
)
def test_a_password_file_that_cannot_be_used_is_told(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    """The sentence names the file and never what is in it."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        login(password_file=file).secret()

    assert str(caught.value).startswith(f"{file} ") and words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_password_is_in_no_text_of_a_login() -> None:
    """Neither a log nor a page of debugging shows it."""
    entry = login(password=SECRET)
    for text in (repr(entry), str(entry), entry.model_dump_json(), json.dumps(str(vars(entry)))):
        assert SECRET not in text


def test_logins_of_a_trait_are_checked_without_showing_them() -> None:
    """An administrator's mistake is told by its key."""
    assert supplies.logins({"quay.io": {"username": "me", "password": SECRET}})["quay.io"]
    with pytest.raises(ConfigError, match="OpenDataSpawner: registries has a value") as caught:
        supplies.logins({"quay.io": f"me:{SECRET}"})

    assert SECRET not in str(caught.value)


def test_a_refusal_comes_with_what_to_write_where() -> None:
    """A login that is refused, and one that is missing, are mended differently."""
    assert "quay.io refused the login" in advice({"quay.io": login(password="a")}, "quay.io/a")
    assert "if docker.io asks for a login, write it" in advice({}, "a")
