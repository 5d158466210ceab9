"""What a student's kernel tries on the network, and asks of the hub."""

import fcntl
import json
import os
import socket
import sys
import threading
from contextlib import closing, suppress
from typing import Any
from urllib import error, request
from urllib.parse import urlencode


def reached(places: "list[tuple[str, int]]", patience: float) -> "list[list[Any]]":
    """Return those that answer a request; all are asked at once."""
    found = []

    def ask(host: str, port: int) -> None:
        with suppress(OSError), socket.create_connection((host, port), patience) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if connection.recv(1):
                found.append([host, port])

    threads = [threading.Thread(target=ask, args=place) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def shakes_hands(host: str, path: str, patience: float) -> int:
    """Ask for a websocket with one's own token; return the status of the answer, 0 for none."""
    token = os.environ["JUPYTERHUB_API_TOKEN"]
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
             f"Authorization: token {token}"]  # fmt: skip
    try:
        with socket.create_connection((host, 8888), patience) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            return int(connection.recv(64).split()[1])
    except (OSError, IndexError):
        return 0


def own_token() -> str:
    """Return the server's own token."""
    return os.environ["JUPYTERHUB_API_TOKEN"]


def asks(method: str, url: str, token: str, body: Any = None) -> "tuple[int, str]":
    """Send a request with a token, the server's own where it is empty; return status and text."""
    headers = {"Authorization": f"token {token or os.environ['JUPYTERHUB_API_TOKEN']}"}
    data = None if body is None else json.dumps(body).encode()
    wish = request.Request(url, data, headers, method=method)
    try:
        with request.urlopen(wish, timeout=60) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except error.HTTPError as refusal:
        with closing(refusal):
            return refusal.code, refusal.read().decode("utf-8", "replace")


def redeems(url: str, code: str, back: str) -> "tuple[int, str]":
    """Turn the code of a visit into a token, as the server that was visited."""
    form = {"client_id": os.environ["JUPYTERHUB_CLIENT_ID"], "code": code, "redirect_uri": back,
            "client_secret": os.environ["JUPYTERHUB_API_TOKEN"],
            "grant_type": "authorization_code"}  # fmt: skip
    try:
        with request.urlopen(url, urlencode(form).encode(), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except error.HTTPError as refusal:
        with closing(refusal):
            return refusal.code, refusal.read().decode("utf-8", "replace")


def sockets() -> "list[str]":
    """Return the kinds of sockets that can be had, of those that see or forge others' packets."""
    kinds = {
        "packets": (socket.AF_PACKET, socket.SOCK_RAW, 3),
        "raw": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "raw ICMP": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    }
    had = []
    for name, kind in kinds.items():
        with suppress(OSError), socket.socket(*kind):
            had.append(name)
    return had


def borrows(address: str) -> bool:
    """Whether a packet can be sent from somebody else's address."""
    free_bind = 15
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        with suppress(OSError):
            one.setsockopt(socket.IPPROTO_IP, free_bind, 1)
        try:
            one.bind((address, 0))
            return one.sendto(b"forged", ("10.66.0.2", 53)) > 0
        except OSError:
            return False


def takes_address(address: str) -> bool:
    """Whether its network card takes an address that it is given."""
    set_address, card = 0x8916, b"eth0".ljust(16, b"\0")
    family = socket.AF_INET.to_bytes(2, sys.byteorder) + bytes(2)
    wish = card + family + socket.inet_aton(address) + bytes(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            fcntl.ioctl(one, set_address, wish)
        except OSError:
            return False
        return True
