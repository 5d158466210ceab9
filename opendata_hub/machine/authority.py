"""The authority of a hub without the internet: it can certify the hub, and names below its own."""

import ipaddress
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.machine import certificates

_LASTS = timedelta(days=3650)
_RENEWED = timedelta(days=365)  # what is less is too short for a browser that trusts it by hand
_CLOCKS_DIFFER = timedelta(hours=1)


def ensure(folder: Path, host: str) -> tuple[Path, Path]:
    """
    Return the files of the authority's certificate and key, made once for each host.

    Browsers that trust it take its word for ``host`` alone, and if that is a name, for those below
    it, such as ``x.host``: who steals its key cannot pass for anybody else.

    Raises:
        MachineError: the folder cannot be written.
    """
    certificate, key = folder / "root.crt", folder / "root.key"
    if not (key.exists() and _is_good(certificate, host)):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(certificate, key, host)
        except OSError as error:
            raise MachineError(f"{folder} cannot be written: {error.strerror}.") from None
    return certificate, key


def _is_good(certificate: Path, host: str) -> bool:
    try:
        root = certificates.read(certificate)[0]
        kept = root.extensions.get_extension_for_class(x509.NameConstraints).value
    except (ConfigError, x509.ExtensionNotFound):
        return False
    soon = datetime.now(timezone.utc) + _RENEWED
    return root.not_valid_after_utc > soon and kept == _limits(host)


def _make(certificate: Path, key: Path, host: str) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    _write(key, secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    _write(certificate, _root(secret, host).public_bytes(serialization.Encoding.PEM))


def _root(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    now = datetime.now(timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Notebooks at {host}"[:64])])
    usage = x509.KeyUsage(
        key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_limits(host), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _limits(host: str) -> x509.NameConstraints:
    """Permit the host, which covers names below it, and of the other kind nothing that there is."""
    try:
        network = ipaddress.ip_network(host)
    except ValueError:
        none = [x509.IPAddress(ipaddress.ip_network(every)) for every in ("0.0.0.0/0", "::/0")]
        return x509.NameConstraints([x509.DNSName(host)], none)
    return x509.NameConstraints([x509.IPAddress(network), x509.DNSName("invalid")], None)


def _write(file: Path, content: bytes) -> None:
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(content)
    draft.replace(file)
