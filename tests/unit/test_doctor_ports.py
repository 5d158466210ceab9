"""What ``opendata-hub doctor`` says of the hub's ports."""

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from opendata_hub.machine.health import Finding, Level, ports
from opendata_hub.machine.health.ports import Use
from opendata_hub.machine.ports import ROOT_ONLY

TAKEN = "is taken by node (process 7)"
ALL = {8000: TAKEN, 8001: TAKEN, 8081: "is taken by jupyterhub (process 6)"}


class Healthy(BaseHTTPRequestHandler):
    """Answers as a hub's /hub/health does."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A port of this process that answers like a hub."""
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def look(server: HTTPServer, pid_file: Path) -> Use:
    """Look at the server's port."""
    port = server.server_port
    return ports.look(port, (), f"http://127.0.0.1:{port}/hub/health", pid_file)


def test_free_ports_are_one_line() -> None:
    """All is well before the hub runs."""
    use = Use({8000: None, 8001: None, 8081: None})

    assert ports.judge(use) == [Finding("Ports", Level.OK, "8000, 8001 and 8081 are free.")]


@pytest.mark.parametrize("proxy", [7, 0])
def test_the_ports_of_this_hub_itself_are_fine(proxy: int) -> None:
    """Also for a user who may not read which process its proxy is."""
    use = Use(ALL, proxy, answers=True)

    assert ports.judge(use) == [
        Finding("Ports", Level.OK, "8000, 8001 and 8081: this hub is running.")
    ]


def test_a_proxy_without_its_hub_is_a_fault() -> None:
    """A hub that was killed leaves its proxy, which then keeps the next one from starting."""
    assert ports.judge(Use({8000: TAKEN, 8001: TAKEN, 8081: None}, 7)) == [
        Finding(
            "Ports",
            Level.FAULT,
            "this hub's proxy runs (process 7), but no hub answers behind it.",
            "kill 7",
        )
    ]


def test_a_port_that_another_has_is_a_fault_of_its_own() -> None:
    """It says who has it and why the hub needs it, also where another hub answers."""
    taken = {8000: TAKEN, 8001: None, 8081: TAKEN}

    assert ports.judge(Use(taken, None, answers=True)) == [
        Finding("Port 8000", Level.FAULT, "taken by node (process 7).", "./start --port 8100"),
        Finding(
            "Port 8081",
            Level.FAULT,
            "taken by node (process 7); a hub on port 8000 needs it too.",
            "./start --port 8100",
        ),
    ]


def test_a_port_for_root_wants_sudo() -> None:
    """A class that types no port needs port 80."""
    (finding,) = ports.judge(Use({80: ROOT_ONLY, 81: None, 161: None}))

    assert (finding.text, finding.fix) == ("for root only.", "sudo ./start")


def test_a_hub_is_known_by_its_proxys_process(server: HTTPServer, tmp_path: Path) -> None:
    """The file beside hub.yaml names the process that has the port."""
    (tmp_path / "proxy.pid").write_text(f"{os.getpid()}\n")
    use = look(server, tmp_path / "proxy.pid")

    assert (use.proxy, use.answers) == (os.getpid(), True)


@pytest.mark.parametrize("content", ["1\n", "", "not a number"])
def test_another_hub_is_not_taken_for_this_one(
    server: HTTPServer, tmp_path: Path, content: str
) -> None:
    """A file left from an earlier run names a process that does not have the port."""
    (tmp_path / "proxy.pid").write_text(content)

    assert look(server, tmp_path / "proxy.pid").proxy is None
    assert look(server, tmp_path / "missing").proxy is None


def test_the_process_that_has_a_port_is_named(server: HTTPServer, tmp_path: Path) -> None:
    """A trainer can then find and end it."""
    taken = look(server, tmp_path / "missing").taken[server.server_port]

    assert f"(process {os.getpid()})" in (taken or "")


def test_nobody_is_asked_at_a_free_port(tmp_path: Path) -> None:
    """A machine without a hub is looked over at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    assert ports.look(port, (), "http://127.0.0.1:1/", tmp_path) == Use({port: None})
