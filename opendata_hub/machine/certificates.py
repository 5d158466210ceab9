"""Certificates in files: whose they are, until when, and whether a web server can use them."""

import ipaddress
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from opendata_hub.errors import ConfigError

_CONVERT = "convert it with `openssl x509 -inform der -in FILE -out FILE.pem`"


def read(file: Path) -> list[x509.Certificate]:
    """
    Return the certificates of a PEM file, in its order; one at least.

    Raises:
        ConfigError: it cannot be read, or holds none; the text begins with its path.
    """
    held = _bytes(file)
    try:
        return x509.load_pem_x509_certificates(held)
    except ValueError:
        why = "are certificate and key swapped?" if b"PRIVATE KEY-" in held else f"{_CONVERT}."
        raise ConfigError(f"{file} holds no certificate in PEM form; {why}") from None


def faults(certificate: Path, key: Path, host: str) -> Iterator[str]:
    """
    Say why a web server cannot show these files to who asks for ``host``: a sentence each.

    Args:
        certificate: with the server's own certificate first.
        host: a name, or the digits of an address.
    """
    try:
        own, *_ = chain = read(certificate)
        public = _public_key(key)
    except ConfigError as error:
        yield str(error)
        return
    if _key_bytes(own.public_key()) != public:
        yield _not_of_key(certificate, key, chain, public)
    if why := ended(own, datetime.now(timezone.utc)):
        yield f"{certificate} {why}; put a new one there."
    if not covers(own, host):
        yield f"{certificate} is for {_names_of(own)}, not for {host}; get one for {host}."


def ended(certificate: x509.Certificate, now: datetime) -> str | None:
    """Say ``ended on 2026-11-01``, or that it begins later; None for one that holds now."""
    if certificate.not_valid_after_utc <= now:
        return f"ended on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if certificate.not_valid_before_utc > now:
        return f"begins only on {certificate.not_valid_before_utc:%Y-%m-%d} by this machine's clock"
    return None


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Whether a browser takes a certificate for a host: by its alternative names alone."""
    try:
        return ipaddress.ip_address(host) in _addresses(certificate)
    except ValueError:
        name = host.lower()
    wild = f"*.{name.partition('.')[2]}"
    return any(known.lower() in (name, wild) for known in _dns(certificate))


def names(certificate: x509.Certificate) -> list[str]:
    """Return the names and addresses that a certificate is for."""
    return [*_dns(certificate), *map(str, _addresses(certificate))]


def issuer(certificate: x509.Certificate) -> str:
    """Return who made it, as ``Let's Encrypt (R11)``."""
    kinds = (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME)
    found = [certificate.issuer.get_attributes_for_oid(kind) for kind in kinds]
    said = [str(attributes[0].value) for attributes in found if attributes]
    return f"{said[0]} ({said[1]})" if len(said) > 1 else "".join(said) or "an unnamed authority"


def _names_of(certificate: x509.Certificate) -> str:
    return ", ".join(names(certificate)) or "no name at all"


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    kind = x509.SubjectAlternativeName
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _dns(certificate: x509.Certificate) -> list[str]:
    found = _alternatives(certificate)
    return found.get_values_for_type(x509.DNSName) if found else []


def _addresses(certificate: x509.Certificate) -> list[object]:
    found = _alternatives(certificate)
    return list(found.get_values_for_type(x509.IPAddress)) if found else []


def _not_of_key(certificate: Path, key: Path, chain: list[x509.Certificate], public: bytes) -> str:
    if any(_key_bytes(other.public_key()) == public for other in chain):
        return f"{certificate} begins with another certificate than the hub's; put that first."
    return f"{key} is not the key of {certificate}; take the one that it was made with."


def _public_key(file: Path) -> bytes:
    try:
        key = serialization.load_pem_private_key(_bytes(file), None)
    except TypeError:
        raise ConfigError(
            f"{file} is locked by a passphrase; write it without: `openssl pkey -in FILE -out NEW`."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(
            f"{file} holds no private key in PEM form; take the right file."
        ) from None
    return _key_bytes(key.public_key())


def _key_bytes(key: PublicKeyTypes) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}; mend that.") from None
