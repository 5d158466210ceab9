"""`opendata-hub start` as a trainer runs it: a process that comes up, answers, and stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx

from opendata_hub.homes import LABEL
from opendata_hub.install import removal
from opendata_hub.machine import ports
from opendata_hub.settings.model import ports as own_ports
from tests.conftest import STARTER, remove_network
from tests.hubs import wait_for
from tests.ports import free_hub_port

HUB_FILE = """
hub: {{title: Test, url: "http://localhost:{port}"}}
images: [{{slug: one, display_name: One, image: "{image}"}}]
"""


@dataclass(frozen=True)
class Run:
    """A start that was started."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int

    @property
    def output(self) -> str:
        """What it has printed so far, the hub's log included."""
        return (self.folder / "output").read_text("utf-8", errors="replace")

    def end(self, number: signal.Signals) -> int:
        """Tell it to stop, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


def _command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("opendata-hub")), *arguments]


@contextmanager
def _started(folder: Path, **environment: str) -> Iterator[Run]:
    port = free_hub_port()
    (folder / "hub.yaml").write_text(HUB_FILE.format(port=port, image=STARTER))
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            _command("start"),
            cwd=folder,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    run = Run(process, folder, port)
    try:
        wait_for(lambda: _is_up(run), "the hub's address is printed", patience=300)
        yield run
    finally:
        sys.stdout.write(run.output)
        if process.poll() is None:
            run.end(signal.SIGTERM)
        with closing(docker.APIClient(version="auto")) as client:
            remove_network(client, port)


def _is_up(run: Run) -> bool:
    assert run.process.poll() is None, run.output
    return "Ctrl-C" in run.output


def test_it_comes_up_says_where_and_stops_with_ctrl_c(tmp_path: Path) -> None:
    """Address and logins are printed, people can come, Ctrl-C ends hub and proxy."""
    with _started(tmp_path) as run:
        assert f"The hub runs at http://localhost:{run.port}" in run.output
        words = run.output.partition("The hub runs at")[2]
        for line in (tmp_path / ".hub" / "logins").read_text().splitlines():
            assert line in words
        assert httpx.get(f"http://localhost:{run.port}/hub/login").status_code == 200
        again = subprocess.run(_command("start"), cwd=tmp_path, capture_output=True, text=True)
        assert again.returncode == 1
        assert f"Port {run.port} is taken by" in again.stderr
        assert run.end(signal.SIGINT) == 0
        for port in own_ports(run.port):
            assert not ports.is_listening(port), ports.owner(port)


def test_without_an_engine_it_is_a_preview(tmp_path: Path) -> None:
    """It says so, and answers on this machine only; SIGTERM ends it."""
    with _started(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none.sock") as run:
        assert "preview: servers run as processes of this machine" in run.output
        assert "isolates nobody" in run.output
        page = httpx.get(f"http://127.0.0.1:{run.port}/hub/login")
        assert "nothing separates them" in page.text
        assert run.end(signal.SIGTERM) == 0


def test_prepare_sets_up_and_ends(tmp_path: Path) -> None:
    """With everything there it is done in seconds, and no hub runs."""
    (tmp_path / "hub.yaml").write_text(HUB_FILE.format(port=free_hub_port(), image=STARTER))
    done = subprocess.run(
        _command("start", "--prepare"), cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / ".hub").exists()


def test_stop_ends_a_server_and_keeps_its_home(
    client: docker.APIClient, new_name: Callable[[str], str]
) -> None:
    """A server that is gone by then is no error."""
    engine = docker.from_env()
    volume = engine.volumes.create(new_name("home"))
    try:
        server = engine.containers.run(
            STARTER,
            ["sleep", "1000"],
            labels={f"{LABEL}.role": "server"},
            volumes={volume.name: {"bind": "/home/jovyan", "mode": "rw"}},
            detach=True,
        )
        assert server.id in [found.id for found in removal.servers(engine)]
        removal.stop([server])
        removal.stop([server])
        assert not client.containers(all=True, filters={"id": server.id})
    finally:
        volume.remove()
        engine.close()
