"""This hub, reached by its public addresses: does what answers there have its key, or its words."""

import errno
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from http.client import HTTPConnection, HTTPException

from opendata_hub.machine import handshake

_PATIENCE = 5.0  # seconds
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EACCES)


class Sight(Enum):
    """What is at a port of an address, seen from this machine."""

    OURS = auto()
    """What answers at this machine's own port, too; by TLS nobody else could, without its key."""
    OTHER = auto()
    """Something else answers."""
    REFUSED = auto()
    SILENT = auto()
    """Nothing comes back, or there is no way to it."""


@dataclass(frozen=True)
class Door:
    """
    A port of the hub.

    Attributes:
        port: its number.
        encrypted: whether it speaks TLS.
    """

    port: int
    encrypted: bool


Seen = dict[str, dict[int, Sight]]
"""By address, and by port."""


def look(host: str, doors: Iterable[Door], listen: str, addresses: Iterable[str]) -> Seen:
    """
    Connect to each address, all at once, and compare with what answers on this machine.

    Doors at which this machine does not answer itself are left out.

    Args:
        host: the name that people type.
        listen: address of this machine to compare with.
    """
    own = {door: _shown(host, door, listen) for door in doors}
    wanted = [(a, door) for a in addresses for door in own if isinstance(own[door], tuple)]
    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        found = list(pool.map(lambda one: _shown(host, one[1], one[0]), wanted))
    seen: Seen = {}
    for (address, door), shown in zip(wanted, found, strict=True):
        sight = shown if isinstance(shown, Sight) else _compare(shown, own[door])
        seen.setdefault(address, {})[door.port] = sight
    return seen


Answer = tuple[object, ...]


def _compare(shown: Answer, own: object) -> Sight:
    return Sight.OURS if shown == own else Sight.OTHER


def _shown(host: str, door: Door, address: str) -> Answer | Sight:
    """Return what somebody shows there, to be compared; or why nobody does."""
    try:
        if door.encrypted:
            return (handshake.shown(host, door.port, address).public_key(),)
        return _page(host, door.port, address)
    except ConnectionRefusedError:
        return Sight.REFUSED
    except (TimeoutError, socket.gaierror):
        return Sight.SILENT
    except (HTTPException, ValueError):
        return Sight.OTHER
    except OSError as error:
        return Sight.SILENT if error.errno in _NO_WAY else Sight.OTHER


def _page(host: str, port: int, address: str) -> Answer:
    with closing(HTTPConnection(address, port, timeout=_PATIENCE)) as connection:
        connection.request("GET", "/hub/health", headers={"Host": f"{host}:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.headers["Location"]
