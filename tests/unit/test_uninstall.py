"""`opendata-hub uninstall`: what it says of what it cannot do, without touching this machine."""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from opendata_hub import places
from opendata_hub.cli import main
from opendata_hub.install import environment, systemd
from opendata_hub.machine import daemon, trust


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: all places are below this folder."""
    for name in ("PROGRAM", "CONFIG", "DATA", "RUN"):
        monkeypatch.setattr(places, name, tmp_path / name.lower())
    monkeypatch.setattr(environment, "LINK", tmp_path / "bin" / "opendata-hub")
    monkeypatch.setattr(daemon, "SYSTEMD", tmp_path)
    monkeypatch.setattr(systemd, "UNITS", tmp_path / "units")
    monkeypatch.setattr(trust, "SITE", tmp_path / "ca")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    places.PROGRAM.mkdir()
    return tmp_path


class Ill(BaseHTTPRequestHandler):
    """An engine that answers who it is, and nothing else."""

    def do_GET(self) -> None:
        """Answer."""
        is_known = self.path.endswith("/version")
        self.send_response(200 if is_known else 500)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(
            json.dumps({"ApiVersion": "1.41", "message": "its store is gone"}).encode()
        )

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def ill(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only that engine can be reached."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ill) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("no_engine")
def test_a_program_that_cannot_be_removed_is_among_what_stays(machine: Path) -> None:
    """Somebody has put it elsewhere, by a link."""
    places.PROGRAM.rename(machine / "elsewhere")
    places.PROGRAM.symlink_to(machine / "elsewhere")
    result = CliRunner().invoke(main, ["uninstall", "--yes"])
    assert result.exit_code == 0
    assert f"which could not be removed: {places.PROGRAM}\n" in result.stdout
    assert f"sudo rm -r {places.PROGRAM}" in result.stdout


@pytest.mark.usefixtures("no_engine")
def test_a_program_that_is_gone_is_not_told(machine: Path) -> None:
    """Nothing of it stays."""
    result = CliRunner().invoke(main, ["uninstall", "--yes"])
    assert result.exit_code == 0 and "could not be removed" not in result.stdout
    assert not places.PROGRAM.exists()


@pytest.mark.usefixtures("ill")
def test_an_engine_that_fails_is_told_in_words(machine: Path) -> None:
    """The program stays: it goes on where it is called again."""
    result = CliRunner().invoke(main, ["uninstall", "--yes"])
    assert isinstance(result.exception, SystemExit) and result.exit_code == 1
    assert "its store is gone" in result.stderr
    assert places.PROGRAM.is_dir()
