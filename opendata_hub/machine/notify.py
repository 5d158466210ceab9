"""What a service tells systemd, by the protocol of sd_notify(3): a few words over a socket."""

import os
import socket

SOCKET = "NOTIFY_SOCKET"
"""Variable with the address, in the environment of a unit with ``Type=notify``."""


def is_service() -> bool:
    """Whether systemd runs this process, and waits for its word."""
    return bool(os.environ.get(SOCKET))


def ready(status: str) -> None:
    """Tell that people can come; nothing where nobody listens."""
    _tell(f"READY=1\nSTATUS={status}")


def _tell(words: str) -> None:
    address = os.environ.get(SOCKET)
    if not address:
        return
    # An address that begins with @ has no file.
    where = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        line.sendto(words.encode(), where)
