"""What nobody does by accident: to let in anybody, passwords in the open, a hub for nobody."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from opendata_hub.errors import ConfigError
from opendata_hub.fields import check
from opendata_hub.settings import HubFile, exposure
from tests.unit.test_settings_login import CLIENT, KEYCLOAK, read

EVERYBODY = "allow: {everybody: true}"
YES = "open_to_anybody: 'yes, anybody on the internet'"
PASSWORD = "options: {user_password: 12345678"


@pytest.mark.parametrize(
    ("url", "entry", "refused"),
    [
        ("https://hub.example.org", f"method: github, {CLIENT}, admins: [], {EVERYBODY}", True),
        ("https://hub.example.org", f"method: github, {CLIENT}, admins: []", False),
        ("https://hub.example.org", f"method: cern, {CLIENT}, admins: [], {EVERYBODY}", True),
        ("https://hub.example.org", f"{KEYCLOAK}, {EVERYBODY}", False),
        ("https://hub.example.org", f"method: shared-password, {EVERYBODY}, {PASSWORD}}}", True),
        (
            "https://hub.example.org",
            f"method: shared-password, {PASSWORD}, allow_all: true}}",
            True,
        ),
        ("https://hub.example.org", f"method: shared-password, {PASSWORD}}}", False),
        ("https://hub.example.org", f"method: dummy, {EVERYBODY}", True),
        ("https://hub.example.org", "method: dummy, admins: [kim]", True),
        ("https://hub.example.org", "method: dummy, options: {password: '12345678'}", False),
        ("https://hub.example.org", "options: {allow_self_approval_for: '.*'}", True),
        ("https://hub.example.org", f"method: dummy, {EVERYBODY}, {YES}", False),
        ("https://hub.example.org", "options: {open_signup: true}", True),
        ("https://hub.example.org", f"options: {{open_signup: true}}, {YES}", False),
        ("https://hub.example.org", "method: native", False),
        ("https://192.168.1.9", f"method: dummy, {EVERYBODY}", False),
        ("http://localhost:8000", f"method: dummy, {EVERYBODY}", False),
        ("http://lab-server", f"method: dummy, {EVERYBODY}", False),
    ],
)
def test_a_hub_that_lets_in_anybody_does_not_start_on_the_internet(
    url: str, entry: str, refused: bool
) -> None:
    """Unless hub.yaml says in words that it shall; a lab's own network is the lab's business."""
    raw = YAML(typ="safe", pure=True).load(f"hub: {{url: '{url}'}}\nlogin: {{{entry}}}")
    found = list(exposure.faults(check(HubFile, raw, "hub.yaml")))

    assert bool(found) is refused
    if refused:
        assert "lets in anybody" in found[0]
        assert "open_to_anybody: yes, anybody on the internet" in found[0]


@pytest.mark.parametrize(
    ("hub", "refused"),
    [
        ("url: 'http://hub.example.org'", True),
        ("url: 'http://8.8.8.8'", True),
        ("url: 'http://hub.example.org', plain_http: 'yes, unencrypted on the internet'", False),
        ("url: 'https://hub.example.org'", False),
        ("url: 'http://lab-server:8000'", False),
        ("url: 'http://10.1.2.3'", False),
    ],
)
def test_passwords_do_not_cross_the_internet_in_the_open(hub: str, refused: bool) -> None:
    """An address of the internet needs https, or words that it shall be without."""
    raw = YAML(typ="safe", pure=True).load(f"hub: {{{hub}}}")
    file = check(HubFile, raw, "hub.yaml")

    assert bool(list(exposure.faults(file))) is refused
    if refused:
        with pytest.raises(ConfigError, match=r"hub\.yaml: hub\.url is .*; write https://"):
            exposure.require_meant(file, "hub.yaml")


def test_a_login_that_lets_in_nobody_yet_is_warned_of(tmp_path: Path) -> None:
    """Closed by default is right, and better said."""
    closed, opened = f"{{{KEYCLOAK}}}", f"{{{KEYCLOAK}, allow: {{groups: [uni]}}}}"

    assert exposure.warnings(read(tmp_path, closed))
    assert exposure.warnings(read(tmp_path, opened)) == []
    assert exposure.warnings(read(tmp_path, "{}")) == []


def test_a_class_password_that_is_not_there_is_warned_of(tmp_path: Path) -> None:
    """Who only writes the word shared-password has a hub that nobody can enter."""
    bare, whole = (
        "{method: shared-password}",
        f"{{user_password: {8 * 'a'}, admin_password: {32 * 'b'}, allow_all: true}}",
    )
    said = exposure.warnings(read(tmp_path, bare))

    assert [next(k for k in ("allow", "user_", "admin_") if k in line) for line in said] == [
        "allow", "user_", "admin_",
    ]  # fmt: skip
    assert not exposure.warnings(read(tmp_path, f"{{method: shared-password, options: {whole}}}"))
