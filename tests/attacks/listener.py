"""A program that answers on ports of all addresses: something that is there to be reached."""

import socket
import sys
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

ANSWER = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nreached"


class Handler(BaseRequestHandler):
    """Answers whoever has asked anything."""

    def handle(self) -> None:
        """Answer."""
        if self.request.recv(2**16):
            self.request.sendall(ANSWER)


class Listener(ThreadingTCPServer):
    """Of IPv4 and IPv6 alike."""

    address_family = socket.AF_INET6
    daemon_threads = allow_reuse_address = True


def main() -> None:
    """Listen on the ports that are named, and say when that is so."""
    for port in map(int, sys.argv[1:]):
        Thread(target=Listener(("::", port), Handler).serve_forever).start()
    print("ready", flush=True)


if __name__ == "__main__":
    main()
