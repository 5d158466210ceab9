"""The way out of a site: variables for its proxy, and files with its authority."""

import os
from pathlib import Path

import pytest
import trustme

from opendata_hub.errors import ConfigError
from opendata_hub.machine import trust
from opendata_hub.machine.access import DIRECT, Access
from opendata_hub.machine.health import Finding, Level
from opendata_hub.machine.health import site as health
from opendata_hub.site import Site

URL = "http://proxy.example.org:3128"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A file with two authorities, a comment, and a private key that somebody forgot in it."""
    one, two = trustme.CA(), trustme.CA()
    file = tmp_path / "authority.pem"
    pems = (one.cert_pem, two.cert_pem, one.private_key_pem)
    file.write_bytes(b"# ours\r\n" + b"".join(pem.bytes() for pem in pems))
    return file


def test_the_proxy_is_told_in_capitals_and_not() -> None:
    """Some programs read the one, some the other."""
    site = Site(http_proxy=f"{URL}/", no_proxy=(".example.org", "10.0.0.0/8"))
    variables = site.proxies("172.18.0.1")

    assert variables["http_proxy"] == variables["HTTPS_PROXY"] == URL
    assert variables["no_proxy"] == variables["NO_PROXY"]
    assert variables["NO_PROXY"].split(",") == [
        "localhost", "127.0.0.1", "::1", "172.18.0.1", ".example.org", "10.0.0.0/8"
    ]  # fmt: skip


def test_without_a_proxy_nothing_is_told() -> None:
    """Not even what would be reached without it."""
    assert Site(no_proxy=("a",)).proxies("b") == {}
    assert DIRECT.environment == DIRECT.of_engine == {}


def test_programs_take_the_way_out_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set-up takes it; the hub afterwards does not, nor is an engine elsewhere behind it."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.example.org:2376")
    before = dict(os.environ)
    way = Access(Site(http_proxy=URL), bundle=tmp_path / "bundle.pem")
    with way.taken():
        assert os.environ["https_proxy"] == URL
        assert "engine.example.org" in os.environ["NO_PROXY"].split(",")
        assert os.environ["PIP_CERT"] == str(tmp_path / "bundle.pem")
    assert dict(os.environ) == before
    assert way.of_engine["SSL_CERT_FILE"] == str(tmp_path / "bundle.pem")
    assert "PIP_CERT" not in way.of_engine


def test_only_certificates_leave_the_file(authority: Path) -> None:
    """Who puts the key there as well does not hand it to every student."""
    found = trust.certificates(authority)

    assert len(found) == 2
    assert "PRIVATE" not in "".join(found)
    assert trust.fingerprint(authority) != trust.fingerprint(None) == ""


def test_a_broken_certificate_is_told(authority: Path) -> None:
    """Half a copy from a mail is noticed before anything trusts it."""
    lines = authority.read_text().splitlines()
    authority.write_text("\n".join((*lines[:5], *lines[7:])))
    with pytest.raises(ConfigError, match="holds a broken certificate"):
        trust.certificates(authority)


def test_a_binary_certificate_is_told_how_to_convert(tmp_path: Path) -> None:
    """Windows hands out DER files."""
    (tmp_path / "a.cer").write_bytes(b"\x30\x82\xff\xfe")
    with pytest.raises(ConfigError, match="no certificate in PEM form; convert"):
        trust.certificates(tmp_path / "a.cer")


def test_a_combined_file_has_the_machines_and_the_sites(authority: Path, tmp_path: Path) -> None:
    """It takes the place of what programs trust otherwise, so it holds that too; all can read."""
    target = tmp_path / "bundle.pem"
    trust.combine(authority, target)
    text = target.read_text()

    assert text.startswith(trust.BUNDLE.read_text().rstrip())
    assert text.endswith("".join(trust.certificates(authority)))
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_combined_file_that_cannot_be_written_is_told(authority: Path, tmp_path: Path) -> None:
    """One sentence with the path."""
    with pytest.raises(ConfigError, match=r"nowhere/a\.pem cannot be written: No such file"):
        trust.combine(authority, tmp_path / "nowhere" / "a.pem")


def test_a_tree_trusts_the_sites_authority_also_after_an_upgrade(
    authority: Path, tmp_path: Path
) -> None:
    """In the bundle at once, and one by one for the tool that makes the bundle anew."""
    trust.copy_to(tmp_path / "root", authority)
    ours = trust.certificates(authority)
    bundle = tmp_path / "root/etc/ssl/certs/ca-certificates.crt"
    folder = tmp_path / "root/usr/local/share/ca-certificates"

    assert bundle.read_text().endswith("".join(ours))
    assert [(folder / f"site-{number}.crt").read_text() for number in (1, 2)] == ours


def test_the_machine_trusts_what_hub_yaml_names_and_no_more(
    authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apt and git ask its list alone; that is made anew after a change only."""
    program, local, made = (
        tmp_path / "update-ca-certificates",
        tmp_path / "local",
        tmp_path / "made",
    )
    program.write_text(f"#!/bin/sh\necho again >> {made}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(trust, "SITE", local)
    local.mkdir()
    (local / "opendata-hub.crt").write_text("what bootstrap.py has put there")
    (local / "somebody.crt").write_text("what others have put there")

    for site in (authority, authority, None, None):
        trust.adopt(site, lambda line: None)
        names = sorted(path.name for path in local.iterdir())
        assert names == [
            *(["opendata-hub-1.crt", "opendata-hub-2.crt"] if site else []),
            "somebody.crt",
        ]

    assert made.read_text() == "again\nagain\n"


def test_an_engine_that_takes_the_proxy_is_fine() -> None:
    """With or without a slash at the end; without a proxy of the site nothing is said."""
    (finding,) = health.judge_proxy({"HttpsProxy": f"{URL}/"}, Site(http_proxy=URL), True)

    assert finding == Finding("Site", Level.OK, f"the engine pulls through {URL}.")
    assert list(health.judge_proxy({"HttpProxy": URL}, Site(), True)) == []


@pytest.mark.parametrize(
    ("has", "said"),
    [({}, "without a proxy"), ({"HttpProxy": "http://old:1"}, "through http://old:1")],
)
def test_an_engine_with_another_way_is_told_what_to_write(has: dict[str, str], said: str) -> None:
    """Its settings are its operator's: the fix is for them to make."""
    (finding,) = health.judge_proxy(has, Site(http_proxy=URL), systemd=True)
    (without,) = health.judge_proxy(has, Site(http_proxy=URL), systemd=False)

    assert finding.level is Level.WARNING
    assert said in finding.text and URL in finding.text
    assert f'Environment="HTTP_PROXY={URL}" "HTTPS_PROXY={URL}" "NO_PROXY=' in finding.fix
    assert without.fix.endswith("sudo ./start --prepare")


def test_a_registry_whose_authority_the_engine_does_not_know_is_named() -> None:
    """With the command that tells the engine."""
    assert health.judge_authority([]).level is Level.OK
    finding = health.judge_authority(["quay.io", "lab:5000"])

    assert finding.text.endswith("for quay.io, lab:5000.") and finding.fix
