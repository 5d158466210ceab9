"""What the DNS itself says of a name, whatever ``/etc/hosts`` of this machine says."""

import socket
from pathlib import Path

import dns.exception
import dns.resolver

HOSTS = Path("/etc/hosts")

_BEHIND = Path("/run/systemd/resolve/resolv.conf")
"""The servers behind systemd's own one, which tells what ``/etc/hosts`` says."""

_OWN = Path("/etc/resolv.conf")
_PATIENCE = 5.0  # seconds, for all servers together
_SILENT = (
    dns.exception.Timeout,
    dns.resolver.NoNameservers,
    dns.resolver.NoResolverConfiguration,
)
_NONE = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class Silent(Exception):
    """No server of the DNS answers."""


def is_told_here(host: str) -> bool:
    """Whether programs of this machine ask no DNS: the name is its own, or in ``/etc/hosts``."""
    if host.lower() == socket.gethostname().lower():
        return True
    try:
        lines = HOSTS.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(host.lower() in line.partition("#")[0].lower().split()[1:] for line in lines)


def look(host: str) -> list[str]:
    """
    Return the addresses of the A and AAAA records; none where there are no such.

    Raises:
        Silent: it is not known, as nobody answers.
        UnicodeError: this cannot be a name.
    """
    try:
        resolver = _resolver()
        return [address for kind in ("A", "AAAA") for address in _ask(resolver, host, kind)]
    except _SILENT:
        raise Silent from None
    except dns.exception.DNSException as error:
        raise UnicodeError(str(error)) from None


def _ask(resolver: dns.resolver.Resolver, host: str, kind: str) -> list[str]:
    try:
        return [record.address for record in resolver.resolve(host, kind, search=False)]
    except _NONE:
        return []


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(filename=str(_BEHIND if _BEHIND.exists() else _OWN))
    resolver.lifetime = _PATIENCE
    return resolver
