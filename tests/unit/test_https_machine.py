"""Names, authorities and Caddy on this machine."""

import os
import socket
import ssl
import subprocess
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opendata_hub.errors import MachineError
from opendata_hub.machine import authority, caddy, certificates, daemon, names
from opendata_hub.machine.health import Finding, Level
from opendata_hub.machine.health.https import Address, Look, is_running, judge
from opendata_hub.machine.names import Name

NOW = datetime.now(timezone.utc)
ADDRESS = Address("https://a.org", "a.org", (443, 80), "127.0.0.1")


# -- the DNS


def test_a_name_leads_here_or_elsewhere_or_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are told apart by trying them; a silent DNS is no missing record."""
    assert names.look("127.0.0.1").here == ("127.0.0.1",)
    assert names.look("192.0.2.77").elsewhere == ("192.0.2.77",)
    assert names.look("a" * 70 + ".org").fault.startswith("aaa")

    def failing(number: int) -> None:
        def look(*_: object, **__: object) -> None:
            raise socket.gaierror(number, "")

        monkeypatch.setattr(socket, "getaddrinfo", look)

    failing(socket.EAI_NONAME)
    assert names.look("a.org").fault == (
        "a.org is not in the DNS; make an A record for it, with this machine's address."
    )
    failing(socket.EAI_AGAIN)
    assert names.look("a.org").fault.endswith("this machine's DNS does not answer.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (Name("a", ("8.8.8.8",)), ""),
        (Name("a", (), ("8.8.4.4",)), "right behind a router, or at a cloud"),
        (Name("a", ("8.8.8.8",), ("8.8.4.4",)), "leads to 8.8.4.4 too"),
        (Name("a", (), ("10.0.0.7",)), "a private address, which nobody reaches from the internet"),
        (Name("a", ("10.0.0.7",)), "a private address, which nobody reaches from the internet"),
    ],
)
def test_what_may_keep_an_authority_away_is_told(name: Name, words: str) -> None:
    """Before it is asked; it may be right nevertheless."""
    assert words in names.doubt(name)
    assert bool(words) == bool(names.doubt(name))


def test_an_authority_within_reaches_a_private_address() -> None:
    """It is in the same network."""
    assert names.doubt(Name("a", ("10.0.0.7",)), from_internet=False) == ""


# -- an authority of its own


@pytest.mark.parametrize(("host", "other"), [("a.lan", "b.lan"), ("10.1.2.3", "10.1.2.4")])
def test_an_authority_of_its_own_cannot_certify_others(
    tmp_path: Path, host: str, other: str
) -> None:
    """A browser that trusts it refuses what it says of any other name or address."""
    root, key = authority.ensure(tmp_path / "ca", host)

    assert _is_trusted(root, key, host)
    assert not _is_trusted(root, key, other)
    assert not _is_trusted(root, key, "c.org")
    assert key.stat().st_mode & 0o777 == 0o600


def test_an_authority_is_made_once_for_each_host(tmp_path: Path) -> None:
    """Browsers trust it by hand, once; a new address needs another one."""
    first = authority.ensure(tmp_path, "a.lan")[0].read_bytes()

    assert authority.ensure(tmp_path, "a.lan")[0].read_bytes() == first
    assert authority.ensure(tmp_path, "b.lan")[0].read_bytes() != first
    (tmp_path / "root.crt").write_text("broken")
    assert certificates.read(authority.ensure(tmp_path, "b.lan")[0])
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="cannot be written"):
        authority.ensure(tmp_path / "file", "a.lan")


def _is_trusted(root: Path, key: Path, host: str) -> bool:
    """Whether OpenSSL takes the root's word for a host, in a real handshake."""
    folder = root.parent
    _issue(root, key, host, folder / "leaf.pem", folder / "leaf.key")
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    client.load_verify_locations(root)
    one, two, three, four = (ssl.MemoryBIO() for _ in range(4))
    asking = client.wrap_bio(one, two, server_hostname=host)
    answering = server.wrap_bio(three, four, server_side=True)
    try:
        for _ in range(4):
            for side, out, into in ((asking, two, three), (answering, four, one)):
                with suppress(ssl.SSLWantReadError):
                    side.do_handshake()
                into.write(out.read())
    except ssl.SSLCertVerificationError:
        return False
    return asking.version() is not None


def _issue(root: Path, key: Path, host: str, certificate: Path, own: Path) -> None:
    signer = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    secret = ec.generate_private_key(ec.SECP256R1())
    name = trustme.CA().issue_cert(host).cert_chain_pems[0].bytes()
    alternative = x509.load_pem_x509_certificate(name).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    issuer = certificates.read(root)[0]
    made = (
        x509.CertificateBuilder(issuer.subject, x509.Name([]), secret.public_key(), 7)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(alternative.value, critical=True)
        .sign(signer, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip


# -- Caddy


def test_the_distributions_service_never_runs_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is masked before the package is there, which would start it, on port 80."""
    record = tmp_path / "record"
    for program in ("apt-get", "systemctl"):
        file = tmp_path / program
        file.write_text(f'#!/bin/sh\necho {program} "$@" >> {record}\n')
        file.chmod(0o755)
    monkeypatch.setattr(daemon, "SYSTEMD", tmp_path)
    monkeypatch.setattr(caddy, "command", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    caddy.ensure(lambda line: None)

    lines = record.read_text().splitlines()
    assert lines[0] == "systemctl mask caddy.service"
    assert lines[-1].startswith("apt-get install") and lines[-1].endswith(" caddy")


def test_without_the_right_nothing_is_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not install it reads the command."""
    monkeypatch.setattr(daemon, "SYSTEMD", tmp_path)
    monkeypatch.setattr(caddy, "command", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MachineError, match="sudo apt-get install caddy"):
        caddy.ensure(lambda line: None)


# -- doctor


def _certificate(name: str, days: int) -> x509.Certificate:
    issued = trustme.CA().issue_cert(name, not_after=NOW + timedelta(days=days, hours=1))
    return x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())


GOOD, SHORT, PAST = _certificate("a.org", 60), _certificate("a.org", 3), _certificate("a.org", -1)
OTHER = _certificate("b.org", 60)


def found(look: Look, problem: str = "") -> list[Finding]:
    """Return what is judged."""
    address = Address(**{**vars(ADDRESS), "problem": problem})
    return list(judge(address, look, NOW))


def test_doctor_finds_an_address_that_is_well() -> None:
    """Whose certificate it is, the days that it has left, and that it answers."""
    certificate, answers = found(Look(GOOD))

    assert (certificate.level, answers.level) == (Level.OK, Level.OK)
    assert "is for a.org, by trustme" in certificate.text
    assert "and holds 60 more days, until 20" in certificate.text


@pytest.mark.parametrize(
    ("look", "level", "words"),
    [
        (Look(SHORT), Level.WARNING, "holds 3 more days"),
        (Look(PAST), Level.FAULT, "ended on 20"),
        (Look(OTHER), Level.FAULT, "it is for b.org, not for a.org"),
        (Look(GOOD, distrust="unable to get local issuer"), Level.WARNING, "do not trust it"),
        (Look(taken={443: "is taken by nginx (process 7)"}), Level.FAULT, "taken by nginx"),
        (Look(kept=PAST), Level.FAULT, "ended on 20"),
        (Look(is_waiting=True), Level.FAULT, "no certificate yet. The authority has not answered"),
    ],
)
def test_doctor_finds_what_is_wrong(look: Look, level: Level, words: str) -> None:
    """Each with what it means for who comes, and what mends it."""
    wrong = [finding for finding in found(look) if finding.level is level]

    assert any(words in finding.text and finding.fix for finding in wrong)


@pytest.mark.parametrize(("hours", "level"), [(20, Level.OK), (5, Level.WARNING)])
def test_a_certificate_of_a_day_is_late_when_a_quarter_is_left(hours: int, level: Level) -> None:
    """An authority in the basement gives such ones; renewal begins when a third is left."""
    end = NOW + timedelta(hours=hours, minutes=5)
    made = trustme.CA().issue_cert("a.org", not_before=end - timedelta(days=1), not_after=end)
    shown = x509.load_pem_x509_certificate(made.cert_chain_pems[0].bytes())
    (certificate, *_) = found(Look(shown))

    assert certificate.level is level
    assert f"holds {hours} more hours" in certificate.text


def test_doctor_tells_what_the_service_has_said() -> None:
    """As a fault where nothing answers, as a warning where something still does."""
    (*_, silent) = found(Look(), "The authority is away.")
    (*_, renewing) = found(Look(GOOD), "The authority is away.")
    (*_, idle) = found(Look())

    assert (silent.level, renewing.level) == (Level.FAULT, Level.WARNING)
    assert silent.text.endswith("does not answer. The authority is away.")
    assert idle.level is Level.OK and idle.text.endswith("free for it: 443 and 80.")


def test_the_program_of_a_hub_is_known_by_its_configuration(tmp_path: Path) -> None:
    """It has the ports by right, also before it has a certificate to show."""
    file = tmp_path / "caddy.json"
    command = ["sh", "-c", "echo here; read line", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # Until the program has begun, the kernel does not tell its command line.
        assert process.stdout and process.stdout.readline()
        assert is_running(file)
        process.communicate()

    assert not is_running(file) and not is_running(None)
