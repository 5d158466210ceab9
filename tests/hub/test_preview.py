"""The preview: what `start` falls back to where no engine can be reached."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from opendata_hub.machine import ports
from tests.conftest import STARTER
from tests.hubs import wait_for
from tests.ports import free_hub_port

PATIENCE = 400  # seconds: the first preview installs JupyterLab


class Preview:
    """A hub that `opendata-hub start` runs, on a machine whose engine is out of reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_hub_port()
        (folder / "datasets").mkdir()
        (folder / "datasets" / "events.txt").write_text("42 events")
        (folder / "welcome" / "first").mkdir(parents=True)
        (folder / "welcome" / "first" / "hello.txt").write_text("hello")
        settings = {
            "images": [{"slug": "starter", "display_name": "Starter", "image": STARTER}],
            "datasets": {"sample": str(folder / "datasets")},
            "homes": {"welcome": str(folder / "welcome")},
            "hub": {"url": f"http://lab.local:{self.port}"},
        }
        (folder / "hub.yaml").write_text(json.dumps(settings))
        with (folder / "start.log").open("wb") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("opendata-hub"), "start", "--config", "hub.yaml"],
                cwd=folder, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"},
            )  # fmt: skip
        wait_for(lambda: self.ended or "Ctrl-C ends it" in self.log, "it runs", PATIENCE)
        assert not self.ended, self.log

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    @property
    def log(self) -> str:
        """All that it printed."""
        return (self.folder / "start.log").read_text("utf-8", "replace")

    @contextmanager
    def student(self) -> Iterator[httpx.Client]:
        """Log the trial student in."""
        lines = (self.folder / ".hub" / "logins").read_text().splitlines()
        password = dict(line.split() for line in lines)["student"]
        url = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as session:
            session.get("/hub/login")
            form = {"username": "student", "password": password, "_xsrf": session.cookies["_xsrf"]}
            session.post("/hub/login", data=form).raise_for_status()
            yield session


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """A preview that runs."""
    preview = Preview(tmp_path_factory.mktemp("preview"))
    yield preview
    preview.process.send_signal(signal.SIGINT)
    preview.process.wait(60)


def test_it_says_what_it_is_and_how_to_get_the_real_thing(preview: Preview) -> None:
    """Nobody takes it for a hub for a class."""
    assert "does not answer" in preview.log
    assert "This is a preview: it isolates nobody" in preview.log
    with preview.student() as session:
        assert "nothing separates them" in session.get("/hub/home").text


def test_it_answers_on_loopback_only_whatever_the_address(preview: Preview) -> None:
    """The address in hub.yaml names the lab; a preview stays on this machine all the same."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [local for _, local, _, state, *_ in sockets if state == "0A"]

    assert [at for at in listening if at.endswith(f":{preview.port:04X}")] == [
        f"0100007F:{preview.port:04X}"
    ]


def test_a_student_lands_in_a_notebook_with_files_and_data(preview: Preview) -> None:
    """The same pages, the welcome files and the datasets, in a process of this machine."""
    with preview.student() as session:
        session.get("/hub/spawn/student?opt-image=starter")
        page = wait_for(
            lambda: (
                (p := session.get("/hub/spawn-pending/student")).url.path.endswith("/lab") and p
            ),
            "the student is in",
        )
        assert "JupyterLab" in page.text
        contents = "/user/student/api/contents/first/hello.txt"
        assert session.get(contents).json()["content"] == "hello"
        data = preview.folder / ".hub" / "preview" / "student" / "data" / "sample" / "events.txt"
        assert data.read_text() == "42 events"


def test_ctrl_c_ends_it_with_all_its_servers(tmp_path: Path) -> None:
    """Nothing listens any more, and no process is left."""
    preview = Preview(tmp_path)
    with preview.student() as session:
        session.get("/hub/spawn/student?opt-image=starter")
        wait_for(
            lambda: session.get("/hub/spawn-pending/student").url.path.endswith("/lab"),
            "the student is in",
        )

    preview.process.send_signal(signal.SIGINT)
    preview.process.wait(60)

    assert not any(map(ports.is_listening, (preview.port, preview.port + 1)))
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True)
    assert left.stdout == ""
