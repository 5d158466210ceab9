"""A web server of files, with ranges, that breaks off, changes and lies as it is told."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Served:
    """
    One file, and how the server behaves with it.

    Attributes:
        content: bytes, or a file of any size.
        tag: its ETag; none if empty.
        cuts: the line breaks off after so many bytes of an answer, once for each.
        busy: so many answers are 503 first.
        ranges: whether parts can be asked for.
        says_length: whether an answer says how long it is.
        length: what it says instead.
        leads_to: a redirect to this address instead.
        status: of the answer instead of a file.
    """

    content: bytes | Path = b""
    tag: str = '"1"'
    cuts: list[int] = field(default_factory=list)
    busy: int = 0
    ranges: bool = True
    says_length: bool = True
    length: str = ""
    leads_to: str = ""
    status: int = 200

    @property
    def size(self) -> int:
        """Bytes of it."""
        content = self.content
        return content.stat().st_size if isinstance(content, Path) else len(content)


@dataclass
class Server:
    """
    The server.

    Attributes:
        url: without a slash in the end.
        files: what it serves, by path.
        asked: what it was asked for: method, path and range.
    """

    url: str
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def serve(self, path: str, content: bytes | Path = b"", **more: Any) -> Served:
        """Serve a file under a path."""
        self.files[f"/{path}"] = Served(content, **more)
        return self.files[f"/{path}"]

    def gets(self, path: str) -> list[str]:
        """Ranges of the downloads of a path, in their order; "" for a whole one."""
        return [span for method, at, span in self.asked if method == "GET" and at == f"/{path}"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Http"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        shelf = self.server.shelf
        shelf.asked.append((self.command, self.path, self.headers.get("Range", "")))
        served = shelf.files.get(self.path)
        if served is None:
            self._plain(404)
        elif served.busy and body:
            served.busy -= 1
            self._plain(503)
        elif served.leads_to:
            self._plain(302, served.leads_to)
        elif served.status != 200:
            self._plain(served.status)
        else:
            self._file(served, body)

    def _plain(self, status: int, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _file(self, served: Served, body: bool) -> None:
        start = self._start(served)
        if start > served.size:
            self._plain(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{served.size - 1}/{served.size}")
        if served.tag:
            self.send_header("ETag", served.tag)
        if served.length:
            self.send_header("Content-Length", served.length)
        if served.says_length:
            self.send_header("Content-Length", str(served.size - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if body:
            self._send(served, start)

    def _start(self, served: Served) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", served.tag) == served.tag
        return int(found[1]) if found and served.ranges and same else 0

    def _send(self, served: Served, start: int) -> None:
        end = start + served.cuts.pop(0) if served.cuts else served.size
        with suppress(ConnectionError):
            if isinstance(served.content, Path):
                with served.content.open("rb") as stream:
                    self.connection.sendfile(stream, start, max(0, end - start))
            else:
                self.wfile.write(served.content[start:end])
        if end < served.size or not served.says_length:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Http(ThreadingHTTPServer):
    request_queue_size = 64
    shelf: Server


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on loopback."""
    http = _Http(("127.0.0.1", 0), _Handler)
    http.shelf = Server(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield http.shelf
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
