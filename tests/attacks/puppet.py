"""
A server in JupyterLab's place that means ill: how it answers the hub is up to ``PUPPET``.

It runs in a container, as a student's own program would. ``GET .../seen`` tells with which tokens
it was asked.
"""

import gzip
import json
import os
import signal
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TRAPS = ("endless", "slow", "away", "nonsense", "deep", "bomb")
MODES = (*(f"early-{trap}" for trap in TRAPS), *(f"late-{trap}" for trap in TRAPS))
"""Whether it is trapped from the first answer on, or only what comes after its server is up."""

LINES = 'COPY puppet.py /puppet.py\nCMD ["python3", "/puppet.py"]'
"""Of its Dockerfile."""

WHEN, _, TRAP = os.environ.get("PUPPET", "").partition("-")
SEEN: "set[str]" = set()


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    def do_GET(self) -> None:
        """Answer as a server that works, or not."""
        SEEN.add(self.headers.get("Authorization", "").removeprefix("token "))
        asked = self.path.partition("?")[0].rstrip("/").rpartition("/")[2]
        with suppress(ConnectionError):
            if asked == "seen":
                self.answer(json.dumps(sorted(SEEN - {""})).encode())
            elif WHEN == "early" or (WHEN == "late" and asked != "api"):
                getattr(self, TRAP)()
            else:
                self.answer(b"{}")

    def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """Send an answer; without a body it goes on as long as the connection."""
        self.send_response(status)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def endless(self) -> None:
        """Send bytes without end."""
        self.answer()
        while True:
            self.wfile.write(b"[" * 2**20)

    def slow(self) -> None:
        """Send a line of the head now and then, and never the last."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-Patience: please\r\n")
            time.sleep(0.5)

    def away(self) -> None:
        """Send whoever asks to the hub's own API."""
        self.answer(status=302, Location=f"{os.environ['JUPYTERHUB_API_URL']}/users")

    def nonsense(self) -> None:
        """Send what no server does."""
        self.answer(json.dumps({"last_activity": 5}).encode())

    def deep(self) -> None:
        """Send lists in lists, too deep for whoever reads them."""
        self.answer(b"[" * 200_000)

    def bomb(self) -> None:
        """Send a little that becomes very much."""
        self.answer(gzip.compress(bytes(2**25)), Content_Encoding="gzip")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = ThreadingHTTPServer(("", 8888), Handler)
    server.daemon_threads = True
    server.serve_forever()
