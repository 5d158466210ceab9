"""The address of a service, before the service is there."""

import socket
import sys
import threading
import urllib.request

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

from opendata_hub.services import door
from tests.ports import free_ports


class _Hello(RequestHandler):
    def get(self) -> None:
        self.finish("hello")


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the port where the hub expects a service, in whose process we are."""
    [found] = free_ports(1)
    monkeypatch.setattr(door, "_taken", [])
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://127.0.0.1:{found}")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/services/x/")
    return found


def test_who_comes_early_is_answered(port: int) -> None:
    """A question that comes before the service can answer waits, and is answered."""
    door.take()
    answers: list[bytes] = []

    def ask(loop: IOLoop) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            answers.append(answer.read())
        loop.add_callback(loop.stop)

    loop = IOLoop(make_current=False)
    early = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=ask, args=(loop,), daemon=True).start()
    loop.add_callback(lambda: door.open_to(Application([("/", _Hello)])))
    loop.start()
    early.close()
    loop.close()
    assert answers == [b"hello"]


def test_a_service_without_pages_takes_no_address(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the hub gives no prefix there are no pages, and nobody listens."""
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX")
    door.take()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_taken_address_ends_the_service(port: int) -> None:
    """Where somebody else listens, the service ends with that, at once."""
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="in use"):
        door.take()


def test_the_command_runs_the_package() -> None:
    """The hub runs the door, which runs the service."""
    assert door.command("opendata_hub.services.homes") == [
        sys.executable,
        "-m",
        "opendata_hub.services",
        "opendata_hub.services.homes",
    ]
