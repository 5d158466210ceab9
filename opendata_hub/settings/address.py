"""The address that people type: how it is written, and whom it reaches. No network is asked."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

PORTS_ABOVE = 81
"""How far above the public port the hub's own highest one is."""

_RULE = (
    "write an address such as https://hub.example.org, http://lab-server or http://localhost:8000"
)
_OF_SITES = (
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
)
"""Ends of names that the internet's name service does not know."""


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        raise ValueError(_RULE) from None
    extras = (parts.username, parts.query, parts.fragment, parts.path.strip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or any(extras):
        raise ValueError(_RULE)
    return f"{parts.scheme}://{parts.netloc}"


def _free_ports(value: str) -> str:
    try:
        port = urlsplit(value).port
    except ValueError:
        port = 0
    if port is not None and not 0 < port <= 65535 - PORTS_ABOVE:
        raise ValueError(f"write a port from 1 to {65535 - PORTS_ABOVE}")
    return value


HubUrl = Annotated[str, AfterValidator(_url), AfterValidator(_free_ports)]


def bracketed(host: str) -> str:
    """Return a host as addresses hold it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def loopback(host: str) -> str | None:
    """Return the loopback address that a host means, or None where it means another one."""
    if host == "localhost":
        return "127.0.0.1"
    number = address(host)
    return host if number and number.is_loopback else None


def address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the number that a host is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(host: str) -> bool:
    """
    Whether strangers may reach a hub by this host: a number or name of the internet.

    A name may lead to a private address, which only the name service knows; it counts as public
    as long as nothing in it says otherwise.
    """
    if number := address(host):
        return number.is_global or number.is_unspecified
    name = host.rstrip(".").lower()
    return "." in name and not any(name == end or name.endswith(f".{end}") for end in _OF_SITES)
