"""
The address of a service, taken before the service is there: who comes meanwhile waits at it.

The hub starts its services one after the other, and looks for each again and again, after longer
and longer pauses. A service that imports for a second cost the hub's start three. The hub's first
look finds this door now, and is answered in the moment in which the service is ready.
"""

import os
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tornado.web import Application

_taken: list[socket.socket] = []


def command(package: str) -> list[str]:
    """Return what the hub runs for a service with pages."""
    return [sys.executable, "-m", "opendata_hub.services", package]


def take() -> None:
    """
    Listen where the hub expects the pages of this service, if it does at all.

    Raises:
        OSError: somebody else listens there.
    """
    if "JUPYTERHUB_SERVICE_PREFIX" not in os.environ:  # the URL is there in any case
        return
    place = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    door = socket.create_server((place.hostname or "127.0.0.1", place.port or 80))
    door.setblocking(False)
    _taken.append(door)


def open_to(pages: "Application") -> None:
    """Answer those who wait, and all who come, by these pages."""
    from tornado.httpserver import HTTPServer

    if not _taken:
        take()
    HTTPServer(pages).add_sockets(_taken)
