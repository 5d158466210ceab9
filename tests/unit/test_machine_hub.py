"""Ports, the proxy's command line, and the hub as a child in the foreground."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata_hub.errors import MachineError
from opendata_hub.machine import foreground, ports, preview, proxy

SLEEP = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_with_its_owner_and_another(taken: int) -> None:
    """The sentence says who has the port and what to type instead."""
    with pytest.raises(MachineError) as error:
        ports.require_free(taken)
    assert f"Port {taken} is taken by" in str(error.value)
    assert f"(process {os.getpid()}); take another: --port" in str(error.value)


def test_a_port_that_follows_is_refused_with_the_reason(taken: int) -> None:
    """Who asked for 8000 reads why 8081 matters."""
    free = _free_port()
    with pytest.raises(MachineError, match=rf"Port {taken} .*a hub on port {free} needs it too"):
        ports.require_free(free, taken)


def test_a_free_port_is_let_through() -> None:
    """Nothing listens, nothing is said."""
    port = _free_port()
    ports.require_free(port)
    assert not ports.is_listening(port) and ports.owner(port) is None


def test_a_port_for_root_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 80 without root is not called taken."""

    def refuse(self: socket.socket, address: tuple[str, int]) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(MachineError, match="Port 80 is for root only"):
        ports.require_free(80)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_hub_stops_with_us(number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end the hub, and that is no error."""
    before = signal.getsignal(number)
    foreground.run(SLEEP, os.environ, lambda: True, lambda: signal.raise_signal(number), print)
    assert signal.getsignal(number) is before


def test_stopping_before_the_hub_answers_ends_it_too() -> None:
    """Nobody has to wait for a hub to come up before Ctrl-C works."""

    def never() -> bool:
        signal.raise_signal(signal.SIGINT)
        return False

    foreground.run(SLEEP, os.environ, never, lambda: pytest.fail("never"), print)


def test_a_hub_that_ends_by_itself_is_an_error() -> None:
    """Its exit code is said; its log is above."""
    with pytest.raises(MachineError, match="exit code 5"):
        foreground.run(
            [sys.executable, "-c", "raise SystemExit(5)"],
            os.environ,
            lambda: False,
            lambda: None,
            print,
        )


def test_a_hub_that_was_up_and_is_killed_is_run_again(tmp_path: Path) -> None:
    """Nobody has to be there when the system ends it; each time it is said that people can come."""
    ran, said = tmp_path / "ran", list[str]()
    script = "import os, signal; print(os.getpid(), file=open('ran', 'a')); signal.pause()"

    def ready() -> None:
        pids = ran.read_text().split()
        if len(pids) == 3:
            signal.raise_signal(signal.SIGINT)
        else:
            os.kill(int(pids[-1]), signal.SIGKILL)

    def is_up() -> bool:
        return ran.exists() and len(ran.read_text().splitlines()) > len(said)

    command = ["env", f"--chdir={tmp_path}", sys.executable, "-c", script]
    foreground.run(command, os.environ, is_up, ready, said.append)
    assert said == ["The hub ended by itself, with exit code -9, and is started again."] * 2


def test_an_address_without_a_server_does_not_answer(taken: int) -> None:
    """A refused connection means: not yet."""
    assert not foreground.answers(f"http://127.0.0.1:{_free_port()}/")


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Python environment, nothing on PATH."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(proxy, "_node", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    (tmp_path / "path").mkdir()
    (tmp_path / "bin").mkdir()
    return tmp_path


def _script(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_a_proxy_there_is_no_command(prefix: Path) -> None:
    """Nothing is guessed."""
    assert proxy.command() is None


def test_a_proxy_on_path_is_used(prefix: Path) -> None:
    """A system's own proxy is good enough: nothing is installed."""
    found = _script(prefix / "path" / proxy.PROXY)
    assert proxy.ensure(print) == [str(found)]


def test_the_proxy_beside_python_goes_first(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What start installed is run by the Node.js it installed, without PATH."""
    _script(prefix / "path" / proxy.PROXY)
    ours = _script(prefix / "bin" / proxy.PROXY)
    assert proxy.command() == [str(ours)]
    monkeypatch.setattr(proxy, "_node", lambda: Path("/somewhere/node"))
    assert proxy.command() == ["/somewhere/node", str(ours)]


def test_the_preview_installs_what_recipes_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders without a list of packages add nothing."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / preview.REQUIREMENTS).write_text("click\n")
    said: list[str] = []
    preview.ensure([tmp_path / "a", tmp_path / "b"], said.append)
    assert any("Requirement already satisfied: click" in line for line in said)
