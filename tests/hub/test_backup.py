"""A hub that runs is saved, all of it is destroyed, and it comes back as it was."""

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from opendata_hub.homes import HOME
from tests import backups, stand_in
from tests.browser.product import ProductHub
from tests.conftest import remove_traces
from tests.disks import btrfs_disk
from tests.hubs import PATIENCE, RunningHub, run, wait_for


@dataclass
class Disaster:
    """What a backup is for."""

    folder: Path
    engine: str
    storage: str

    def __post_init__(self) -> None:
        self.path = backups.path_of(self.engine, self.folder / "bin")
        self.vault = self.folder / "vault"
        self._disks = ExitStack()
        self._mount()

    @property
    def homes(self) -> dict[str, Any]:
        """As hub.yaml has them."""
        place = {"path": str(self.folder / "btrfs" / "disk")} if self.storage == "btrfs" else {}
        return {"storage": self.storage, **place}

    def strike(self, hub: RunningHub) -> None:
        """Lose the hub's folder, and the disk with the homes; another disk is in its place."""
        paper = self.folder / "paper"
        if self.engine == "restic":
            shutil.copy(hub.folder / ".hub" / "backup-password", paper)
        for user in hub.users:
            remove_traces(hub.client, user)
        shutil.rmtree(hub.folder)
        self._mount()

    def restore(self, *more: object) -> Any:
        """Bring it all back with what was written down."""
        paper = ("--password-file", self.folder / "paper") if self.engine == "restic" else ()
        return backups.call("restore", self.vault, *paper, *more, path=self.path)

    def end(self) -> None:
        """Leave nothing mounted."""
        self._disks.close()

    def _mount(self) -> None:
        self._disks.close()
        if self.storage == "btrfs":
            shutil.rmtree(self.folder / "btrfs", ignore_errors=True)
            (self.folder / "btrfs").mkdir()
            self._disks.enter_context(btrfs_disk(self.folder / "btrfs"))


@pytest.fixture(params=[("restic", "btrfs"), ("rsync", "volume")], ids="-".join)
def disaster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disaster]:
    """Both ways to keep backups, and two to keep homes."""
    disaster = Disaster(tmp_path, *request.param)
    yield disaster
    disaster.end()


def log_in(hub: RunningHub, user: str, password: str) -> httpx.Client:
    """Log in as a person does; the session is closed with the hub."""
    session = httpx.Client(base_url=hub.url, follow_redirects=True, timeout=PATIENCE)
    hub.sessions.append(session)
    session.get("/hub/login")
    form = {"username": user, "password": password, "_xsrf": session.cookies["_xsrf"]}
    session.post("/hub/login?next=/hub/home", data=form).raise_for_status()
    return session


def is_in(session: httpx.Client) -> bool:
    """Whether the hub knows who this is."""
    return session.get("/hub/home").url.path == "/hub/home"


def in_server(hub: RunningHub, user: str, command: str) -> str:
    """Run a line of shell as the user, in the home."""
    program = ["sh", "-c", command]
    job = hub.client.exec_create(hub.container(user)["Id"], program, workdir=HOME)
    return str(hub.client.exec_start(job["Id"]).decode())


@contextmanager
def writes(hub: RunningHub) -> Iterator[list[str]]:
    """Have the hub write into its database all the time: new users, whose names are returned."""
    made: list[str] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            name = f"extra-{secrets.token_hex(4)}"
            hub.api.post(f"/users/{name}").raise_for_status()
            made.append(name)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield made
    finally:
        ended.set()
        writer.join()


def test_a_hub_comes_back_from_its_ashes(
    disaster: Disaster,
    client: docker.APIClient,
    tmp_path: Path,
    build: Callable[..., str],
) -> None:
    """The student logs in with the same password, is still logged in, and reads the same bytes."""
    image = {
        "slug": "quick",
        "display_name": "Quick",
        "image": build(stand_in.LINES, stand_in.BASE),
    }
    (tmp_path / "hub").mkdir()
    hub = ProductHub(tmp_path / "hub", client, {"images": [image], "homes": disaster.homes})
    config = ("--config", hub.folder / "hub.yaml")
    with run(hub):
        student = hub.newcomer()
        password = hub.password(student)
        session = log_in(hub, student, password)
        assert hub.start(student).ok
        in_server(hub, student, "mkdir -p deep && head -c 2000000 /dev/urandom > deep/work")
        work = in_server(hub, student, "sha256sum deep/work; stat -c '%u %g %a' . deep/work")
        with writes(hub) as made:
            before = list(wait_for(lambda: made, "the hub writes"))
            saved = backups.call("backup", disaster.vault, *config, path=disaster.path)
        assert saved.exit_code == 0 and "1 home with" in saved.stdout
        refused = disaster.restore("--to", tmp_path / "elsewhere", "--password-file", _paper(hub))
        assert refused.exit_code == 1 and "A hub runs on this machine" in refused.stderr
        hub.end()
        disaster.strike(hub)

        restored = disaster.restore()
        assert restored.exit_code == 0 and str(hub.folder / "hub.yaml") in restored.stdout
        hub.run()

        assert is_in(session) and is_in(log_in(hub, student, password))
        users = {user["name"] for user in hub.api.get("/users").json()}
        assert {student, hub.admin, *before} <= users
        assert hub.start(student).ok
        again = in_server(hub, student, "sha256sum deep/work; stat -c '%u %g %a' . deep/work")
        assert again == work


def _paper(hub: RunningHub) -> Path:
    """A file with the password, if there is one."""
    return hub.folder / ".hub" / "backup-password"
