"""A web proxy as sites have it, and a web server with a certificate of the site's authority."""

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from tests.hubs import wait_for

WORDS = b"greetings from the site"


@dataclass(frozen=True)
class SiteProxy:
    """A proxy that passes on all that it is asked for."""

    url: str
    log: Path

    def asked(self, what: str) -> None:
        """Wait until its log has this; it writes a request down when that is over."""
        wait_for(lambda: what in self.log.read_text(), f"{what!r} in {self.log}")


@contextmanager
def site_proxy(
    folder: Path, address: str, within: Sequence[str] = (), port: int = 0
) -> Iterator[SiteProxy]:
    """
    Run a proxy.

    Args:
        address: where it listens.
        within: command that goes before its own, such as one that enters a network namespace.
        port: where it listens; any free one unless given.
    """
    chosen, log = folder / "proxy.port", folder / "proxy.log"
    command = [sys.executable, "-m", "proxy", "--hostname", address, "--port", str(port)]
    small = ["--num-acceptors", "1", "--num-workers", "1"]
    files = ["--port-file", str(chosen), "--log-file", str(log)]
    with (folder / "proxy.out").open("wb") as output:
        process = subprocess.Popen(
            [*within, *command, *small, *files], stdout=output, stderr=output
        )
    try:
        wait_for(lambda: chosen.exists() and chosen.read_text().strip(), "the proxy listens")
        yield SiteProxy(f"http://{address}:{chosen.read_text().strip()}", log)
    finally:
        process.terminate()
        process.wait()


class _Greeter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(WORDS)))
        self.end_headers()
        self.wfile.write(WORDS)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def web_server(address: str, certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    """Run a web server that answers with WORDS, and yield its URL."""
    server = ThreadingHTTPServer((address, 0), _Greeter)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://{address}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
