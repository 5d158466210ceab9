"""What names mean at the moment."""

import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from opendata_hub.machine.network.places import Address
from opendata_hub.machine.network.targets import Target

_AT_A_TIME = 16  # a name that nobody knows can take ten seconds


def look_up(targets: Iterable[Target]) -> dict[Target, set[Address]]:
    """Look up those that are names; one that nobody knows now has no addresses."""
    names = list(dict.fromkeys(target for target in targets if target.range is None))
    if not names:
        return {}
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return dict(zip(names, pool.map(_addresses, (t.host for t in names)), strict=True))


def _addresses(host: str) -> set[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()
    return {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}
