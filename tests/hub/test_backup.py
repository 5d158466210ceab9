"""A hub that runs is saved, all of it is destroyed, and it comes back as it was."""

import asyncio
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

from opendata_hub import backup
from opendata_hub.backup.plain import Plain
from opendata_hub.cli.backup import hub_of
from opendata_hub.engine import Engine
from opendata_hub.errors import BackupError
from opendata_hub.homes import HOME
from opendata_hub.settings import load
from opendata_hub.storage import Home, Volumes
from tests import backups, stand_in
from tests.browser.product import ProductHub
from tests.conftest import remove_traces
from tests.disks import btrfs_disk
from tests.hubs import PATIENCE, RunningHub, run, wait_for


class HomesOf(Volumes):
    """The homes of one hub; an engine's volumes are all hubs', and other tests have theirs."""

    def __init__(self, hub: RunningHub) -> None:
        super().__init__(Engine(hub.client))
        self._users = hub.users

    async def homes(self) -> list[Home]:
        """List its own."""
        return [home for home in await super().homes() if home.user in self._users]


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

    def copy_password(self, hub: RunningHub) -> None:
        """Write it down, away from the machine."""
        if self.engine == "restic":
            shutil.copy(hub.folder / ".hub" / "backup-password", self.folder / "paper")

    def strike(self, hub: RunningHub) -> None:
        """Lose the hub's folder, and the disk with the homes; another disk is in its place."""
        for user in hub.users:
            remove_traces(hub.client, user)
        shutil.rmtree(hub.folder)
        self._mount()

    def save(self, hub: RunningHub) -> None:
        """Make a backup, as the command does."""
        config = hub.folder / "hub.yaml"
        if self.storage == "btrfs":
            saved = backups.call("backup", self.vault, "--config", config, path=self.path)
            assert saved.exit_code == 0 and "1 home with" in saved.stdout
            return
        storage = HomesOf(hub)
        found = asyncio.run(backup.live(storage))
        report = backup.save(hub_of(load(config), config), storage, found, Plain(self.vault), print)
        assert report.homes == 1 and not report.saved.unread

    def restore(self, hub: RunningHub) -> str:
        """Bring it all back with what was written down; return the reason of a refusal."""
        if self.storage == "btrfs":
            paper = ("--password-file", self.folder / "paper")
            return str(backups.call("restore", self.vault, *paper, path=self.path).stderr)
        vault = Plain(self.vault)
        run = vault.runs()[-1]
        index = backup.parse(vault.index(run), "it")
        try:
            backup.restore(backup.Way(vault, run, HomesOf(hub)), index, hub.folder, print)
        except BackupError as error:
            return str(error)
        return ""

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
    with run(hub):
        student = hub.newcomer()
        password = hub.password(student)
        session = log_in(hub, student, password)
        assert hub.start(student).ok
        in_server(hub, student, "mkdir -p deep && head -c 2000000 /dev/urandom > deep/work")
        work = in_server(hub, student, "sha256sum deep/work; stat -c '%u %g %a' . deep/work")
        with writes(hub) as made:
            before = list(wait_for(lambda: made, "the hub writes"))
            disaster.save(hub)
        disaster.copy_password(hub)
        assert "A hub runs on this machine" in disaster.restore(hub)
        hub.end()
        disaster.strike(hub)

        assert "overwrites" not in disaster.restore(hub)
        hub.run()

        assert is_in(session) and is_in(log_in(hub, student, password))
        users = {user["name"] for user in hub.api.get("/users").json()}
        assert {student, hub.admin, *before} <= users
        assert hub.start(student).ok
        again = in_server(hub, student, "sha256sum deep/work; stat -c '%u %g %a' . deep/work")
        assert again == work
