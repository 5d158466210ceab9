"""Ports for what tests run, each given out once: to one test, of all that run on this machine."""

import atexit
import secrets
import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from opendata_hub.machine.ports import fault
from opendata_hub.settings.model import ports as own_ports

FIRST, COUNT = 20_000, 12_000
"""Below the ports that the system gives out by itself, to whoever connects or asks for any."""

GIVEN = range(FIRST, FIRST + COUNT)
"""Ports that only tests use."""

_claims = ExitStack()  # held until this process ends
atexit.register(_claims.close)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, nor any other test will."""
    return [_free(lambda port: (port,)) for _ in range(count)]


def free_hub_port() -> int:
    """A port for a hub of hub.yaml: those that follow from it are free as well, with https too."""
    return _free(lambda port: (*own_ports(port), *own_ports(port, https=True)))


def _free(needed: Callable[[int], Iterable[int]]) -> int:
    tried = (FIRST + secrets.randbelow(COUNT) for _ in range(COUNT))
    return next(port for port in tried if all(map(_claim, set(needed(port)))))


def _claim(port: int) -> bool:
    """
    Take a port: by a name from the tests of all processes, by trying it from everybody else.

    A port that is only tried and let go may be another's before a hub listens on it.
    """
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0opendata-hub-tests:{port}")
    except OSError:
        claim.close()
        return False
    _claims.enter_context(claim)
    return fault(port) is None
