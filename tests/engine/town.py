"""
Who answers, in a network namespace: run as ``python town.py PORT,PORT NAMES``.

Every address of the namespace takes connections on these ports, and is a name server on port 53.
NAMES are a JSON object, name -> IPv4 address. Prints ``ready`` once all ports are open.
"""

import json
import socket
import sys
import threading
from collections.abc import Mapping

DNS = 53


def take(port: int) -> None:
    """Take connections, of IPv4 and IPv6, and say nothing."""
    door = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    guests = []

    def serve() -> None:
        while True:
            guests.append(door.accept())

    threading.Thread(target=serve).start()


def answer(question: bytes, names: Mapping[str, str]) -> bytes:
    """Answer a question for the address of a name; for any other kind there is nothing."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode())
        at += 1 + length
    asked, address = question[12 : at + 5], names.get(".".join(labels).lower())
    known = address is not None and question[at + 1 : at + 3] == b"\0\1"
    head = question[:2] + b"\x81\x80\0\1" + bytes([0, known]) + b"\0\0\0\0"
    if not known or address is None:
        return head + asked
    return head + asked + b"\xc0\x0c\0\1\0\1\0\0\0\x05\0\4" + socket.inet_aton(address)


def name(names: Mapping[str, str]) -> None:
    """Be a name server, at each address by itself: an answer comes from where it was asked."""
    listing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listing.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: which address was asked
    listing.bind(("", DNS))

    def serve() -> None:
        while True:
            question, extras, _flags, sender = listing.recvmsg(4096, 1024)
            listing.sendmsg([answer(question, names)], extras[:1], 0, sender)

    threading.Thread(target=serve).start()


if __name__ == "__main__":
    for port in sys.argv[1].split(","):
        take(int(port))
    name(json.loads(sys.argv[2]))
    print("ready", flush=True)
