"""`https` in hub.yaml: what nobody can have is refused, with a sentence, before the hub runs."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from opendata_hub.cli.backup import hub_of
from opendata_hub.errors import ConfigError
from opendata_hub.settings import Settings, load
from opendata_hub.settings.address import is_public
from opendata_hub.settings.model import Hub, ports
from opendata_hub.settings.tls import config

IMAGES = "images: [{slug: a, display_name: A, image: example.org/a:1}]\n"
OTHERS = (
    "write https: {authority: lan}, for an authority of this hub's own, or certificate and key of "
    "your own under https"
)
ALIEN = "no authority of the internet gives a certificate for that"
RULE = (
    "write lan, for an authority of this hub's own, or the address of an ACME directory, such as "
    "https://acme.example.org/directory"
)
BOTH = "https: write a certificate and its key, or an authority, not both"


def read(folder: Path, url: str, https: str = "") -> Settings:
    """Return what a hub.yaml with this address says."""
    text = f"{IMAGES}hub: {{url: '{url}'}}\n" + (f"https: {https}\n" if https else "")
    (folder / "hub.yaml").write_text(text)
    return load(folder / "hub.yaml")


def refused(folder: Path, url: str, https: str = "") -> str:
    """Return what is said instead."""
    with pytest.raises(ConfigError) as caught:
        read(folder, url, https)
    return str(caught.value).removeprefix("hub.yaml: ")


@pytest.mark.parametrize(
    ("url", "https", "sentence"),
    [
        ("https://lab", "", f"hub.url is 'https://lab'; {ALIEN}: {OTHERS}."),
        (
            "https://lab.local",
            "{email: a@b}",
            f"hub.url is 'https://lab.local'; {ALIEN}: {OTHERS}.",
        ),
        (
            "https://hub.example.org:80",
            "",
            "hub.url is 'https://hub.example.org:80'; port 80 is for http, so write another port, "
            "or none.",
        ),
        (
            "https://hub.example.org",
            "{http_port: 443}",
            "https.http_port is 443, which this hub uses itself; leave it out.",
        ),
        ("https://localhost:8443", "", f"hub.url is 'https://localhost:8443'; {ALIEN}: {OTHERS}."),
        (
            "https://192.0.2.1",
            "",
            f"hub.url is 'https://192.0.2.1'; authorities give certificates to names: {OTHERS}.",
        ),
        (
            "http://lab",
            "{authority: lan}",
            "https is written, but hub.url is 'http://lab'; write an address there that begins "
            "with https://, or leave https out.",
        ),
        ("https://a.org", "{authority: wan}", f"https.authority is 'wan'; {RULE}."),
        (
            "https://a.org",
            "{authority: 'http://ca.org'}",
            f"https.authority is 'http://ca.org'; {RULE}.",
        ),
        ("https://a.org", "{authority: 'https://[x'}", f"https.authority is 'https://[x'; {RULE}."),
        ("https://a.org", "{certificate: a}", "https: write certificate and key, both or none."),
        ("https://a.org", "{certificate: a, key: b, email: c@d}", f"{BOTH}."),
        ("https://a.org", "{certificate: a, key: b, authority: lan}", f"{BOTH}."),
        (
            "https://a.org",
            "{authority: lan, email: c@d}",
            "https: leave authority_ca and email out with authority: lan, which asks nobody.",
        ),
        ("https://a.org", "{email: me}", "https.email is 'me'; write an e-mail address."),
        ("https://a.org", "{http_port: 0}", "https.http_port is 0; write 1 or more."),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, url: str, https: str, sentence: str) -> None:
    """The sentence says what to write instead."""
    assert refused(tmp_path, url, https) == sentence


def test_files_are_looked_into(tmp_path: Path) -> None:
    """Whoever forgot one, took another's, or let it end, reads that before any student does."""
    ca, other = trustme.CA(), tmp_path / "other.key"
    certificate, key = tmp_path / "a.pem", tmp_path / "a.key"
    https = "{certificate: a.pem, key: a.key}"

    def bring(name: str, **more: Any) -> None:
        issued = ca.issue_cert(name, **more)
        certificate.write_bytes(issued.cert_chain_pems[0].bytes())
        key.write_bytes(issued.private_key_pem.bytes())

    def said() -> str:
        return refused(tmp_path, "https://a.org", https).removeprefix("https: ")

    assert said() == f"{certificate} cannot be read: No such file or directory; mend that."
    certificate.write_text("no certificate")
    assert said().startswith(f"{certificate} holds no certificate in PEM form; convert it with")
    bring("b.org")
    certificate.write_bytes(key.read_bytes())
    assert said().endswith("are certificate and key swapped?")
    bring("b.org")
    assert said() == f"{certificate} is for b.org, not for a.org; get one for a.org."
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    bring("a.org", not_after=yesterday)
    assert said() == f"{certificate} ended on {yesterday:%Y-%m-%d}; put a new one there."
    bring("a.org")
    good = key.read_bytes()
    other.write_bytes(ca.issue_cert("a.org").private_key_pem.bytes())
    key.write_bytes(other.read_bytes())
    assert said() == (f"{key} is not the key of {certificate}; take the one that it was made with.")
    key.write_text("no key")
    assert said() == f"{key} holds no private key in PEM form; take the right file."
    key.write_bytes(good)
    certificate.write_bytes(ca.cert_pem.bytes() + certificate.read_bytes())
    assert (
        f"{certificate} begins with another certificate than the hub's; put that first." in said()
    )


@pytest.mark.parametrize("name", ["a.org", "*.org", "192.0.2.7", "2001:db8::7"])
def test_good_files_are_taken(tmp_path: Path, name: str) -> None:
    """For a name, for all of a domain, for an address; paths are relative to hub.yaml."""
    issued = trustme.CA().issue_cert(name)
    (tmp_path / "a.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    (tmp_path / "a.key").write_bytes(issued.private_key_pem.bytes())
    host = "a.org" if "org" in name else f"[{name}]" if ":" in name else name
    settings = read(tmp_path, f"https://{host}", "{certificate: a.pem, key: a.key}")

    assert settings.https.kind == "files"
    assert settings.https.certificate == tmp_path / "a.pem"
    assert {tmp_path / "a.pem", tmp_path / "a.key"} <= set(hub_of(settings, None).files), "a backup"


def test_the_secret_of_a_login_is_in_a_backup(tmp_path: Path) -> None:
    """A hub that is brought back without it would let nobody in."""
    secret = tmp_path / "client-secret"
    secret.touch(0o600)
    secret.write_text("s", "utf-8")
    file = tmp_path / "hub.yaml"
    file.write_text(
        f"{IMAGES}hub: {{url: 'https://hub.example.org'}}\n"
        "login: {method: github, client_id: a, client_secret_file: client-secret, admins: [kim]}\n",
        "utf-8",
    )

    assert secret in hub_of(load(file), file).files


def test_a_key_is_no_data_for_students(tmp_path: Path) -> None:
    """A dataset with the key in it would let each of them pass for the hub."""
    issued = trustme.CA().issue_cert("a.org")
    (tmp_path / "a.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.key").write_bytes(issued.private_key_pem.bytes())
    https = "{certificate: a.pem, key: data/a.key}\ndatasets: {all: data}"

    assert "in which the key of the hub's certificate is" in refused(
        tmp_path, "https://a.org", https
    )


def test_one_line_is_enough(tmp_path: Path) -> None:
    """The proxy moves to loopback, with all of the hub's own ports above 8000."""
    settings = read(tmp_path, "https://hub.example.org")
    told = config(settings.hub, settings.https, tmp_path)

    assert (told.url, told.port, told.http_port) == ("https://hub.example.org", 443, 80)
    assert told.is_acme and not told.authority and not told.listen
    assert settings.hub.inside == "http://127.0.0.1:8009"
    assert settings.hub.ports == ports(443, https=True)
    assert settings.hub.ports[2:] == (8001, 8002, 8003, 8004, 8081)


@pytest.mark.parametrize(
    ("url", "https", "http_port"),
    [
        ("https://hub.example.org:8443", "", 80),
        ("https://hub.example.org:8443", "{http_port: 8080}", 8080),
        ("https://lab:8443", "{authority: lan}", None),
        ("https://lab", "{authority: lan}", 80),
    ],
)
def test_port_80_is_taken_where_somebody_asks_there(
    tmp_path: Path, url: str, https: str, http_port: int | None
) -> None:
    """An authority does, and people who type no https://, which leads to port 443 only."""
    settings = read(tmp_path, url, https)

    assert config(settings.hub, settings.https, tmp_path).http_port == http_port


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("hub.example.org", True),
        ("HUB.Example.Org.", True),
        ("203.0.114.7", True),
        ("2a00:1450:4001::1", True),
        ("localhost", False),
        ("lab", False),
        ("lab.local", False),
        ("a.home.arpa", False),
        ("10.1.2.3", False),
        ("127.0.0.1", False),
        ("169.254.1.1", False),
        ("fd00::1", False),
    ],
)
def test_a_public_address_is_known_as_one(host: str, public: bool) -> None:
    """Strangers may come by a number or a name of the internet; in doubt they may."""
    assert is_public(host) is public
    assert Hub(url=f"http://{f'[{host}]' if ':' in host else host}").is_public is public
