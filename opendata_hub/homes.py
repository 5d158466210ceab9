"""Homes: which volume holds a user's files, under names that are safe and never collide."""

import hashlib
import re
import unicodedata

UID = 1000
GID = 100
HOME = "/home/jovyan"
LABEL = "org.opendata-hub"
SERVERS = f"{LABEL}.role=server"
"""Label, with its value, of the containers of servers."""

_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SLUG_LENGTH = 32


def safe_name(name: str) -> str:
    """
    Turn any user or server name into one for containers, volumes and folders.

    A plain name (lower-case letters, digits, single dashes, at most 32 characters) stays as it is.
    Every other one becomes ``slug---hash``, the hash over the whole name. Plain names hold no
    double dash, so the two kinds never meet; 64 bits of SHA-256 keep people from making a name
    that meets another's.

    Args:
        name: any text that is not empty.

    Returns:
        str: characters ``a-z 0-9 -`` only, at most 51 of them.
    """
    if len(name) <= _SLUG_LENGTH and _PLAIN.fullmatch(name):
        return name
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_SLUG_LENGTH].strip("-") or "x"
    return f"{slug}---{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def volume_name(user: str) -> str:
    """Name of the volume that holds the home of ``user``; all servers of a user share it."""
    return f"opendata-home-{safe_name(user)}"


def labels(user: str) -> dict[str, str]:
    """Labels of a home's volume: clean-up and backup find it without the hub's database."""
    return {f"{LABEL}.role": "home", f"{LABEL}.user": user}
