"""`opendata-hub homes move`: all homes into another storage, and nothing is lost on the way."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import docker
import pytest
from click.testing import CliRunner, Result
from docker.types import Mount

from opendata_hub import homes
from opendata_hub.cli import main
from opendata_hub.engine import Engine
from opendata_hub.fields import read_yaml
from opendata_hub.homes import GID, HOME, UID
from opendata_hub.storage import Btrfs, Folders, Storage, identity
from opendata_hub.storage.comparing import difference
from tests.disks import btrfs_disk
from tests.engine.conftest import Run
from tests.engine.own_engines import own_engine
from tests.hubs import wait_for
from tests.ports import free_ports

GONE = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)
USERS = ("anna", "Ben@example.org", "zoë")
PROGRAM = str(Path(sys.executable).with_name("opendata-hub"))
GATE = """\
#!/bin/sh
case "$*" in */mid/*) while kill -0 $PPID 2> /dev/null; do sleep 0.05; done;; esac
exec {rsync} "$@"
"""
"""In rsync's place: it waits at one home until who called it is dead, and then does its work."""
HUB = """\
# The hub of our course.
hub:
  url: http://localhost:{port}
homes:
  storage: folder  # on a disk
  path: {path}
images:
- {{slug: lab, display_name: Lab, image: opendata-hub/lab:1}}
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("btrfs"), "512M") as disk:
        yield disk


@pytest.fixture
def target(disk: Path, new_name: Callable[[str], str]) -> Path:
    """An empty folder on that disk."""
    target = disk / new_name("homes")
    target.mkdir()
    return target


@pytest.fixture
def source(client: docker.APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """The homes of a hub, in folders; its hub.yaml is in the working directory."""
    folder = tmp_path / "old homes"
    folder.mkdir()
    (port,) = free_ports(1)
    (tmp_path / "hub.yaml").write_text(HUB.format(port=port, path=folder))
    monkeypatch.chdir(tmp_path)
    source = Folders(Engine(client), folder)
    for user in USERS:
        fill(source, user)
    asyncio.run(source.mark("zoë", GONE))
    return source


def fill(storage: Storage, user: str, files: int = 3) -> Path:
    """Make a home with a little of all that there can be, and return its folder."""
    asyncio.run(storage.make(user))
    home = asyncio.run(storage.folder(user))
    (home / "week 1").mkdir(mode=0o700)
    for number in range(files):
        (home / "week 1" / f"Übung {number}.ipynb").write_bytes(os.urandom(5000))
    (home / "twin").hardlink_to(home / "week 1" / "Übung 0.ipynb")
    (home / "passwords").symlink_to("/etc/passwd")
    (home / "nowhere").symlink_to("/nowhere")
    (home / "lines\n").write_text("1\n")
    os.mkfifo(home / "pipe", 0o600)
    with (home / "holes").open("wb") as sparse:
        sparse.truncate(2**24)
    for path in (home, *home.rglob("*")):
        os.chown(path, UID, GID, follow_symlinks=False)
        os.utime(path, ns=(1, 1_234_567_891_123_456_789), follow_symlinks=False)
    return home


def move(to: Path | str) -> Result:
    """Move the homes, in a process of the test."""
    place = to if isinstance(to, str) else f"btrfs:{to}"
    result = CliRunner().invoke(main, ["homes", "move", "--to", place], catch_exceptions=False)
    print(result.output)
    return result


def all_the_same(source: Storage, target: Storage) -> bool:
    """Whether all homes are in both, each the same."""
    here, there = (asyncio.run(storage.homes()) for storage in (source, target))
    assert [(home.user, home.deleted) for home in here] == [(h.user, h.deleted) for h in there]
    pairs = [(source.folder(home.user), target.folder(home.user)) for home in here]
    return all(
        difference(asyncio.run(one), asyncio.run(other), lambda more: None) is None
        for one, other in pairs
    )


def in_hub_yaml() -> tuple[str, str]:
    """Where hub.yaml says that homes are."""
    entry = read_yaml(Path("hub.yaml"))["homes"]
    return entry["storage"], entry["path"]


def test_all_homes_are_carried_and_then_switched(
    source: Folders, target: Path, client: docker.APIClient
) -> None:
    """Those of deleted users, too; hub.yaml keeps its comments, and the old homes stay."""
    os.setxattr(source.at("anna") / "twin", "user.origin", b"CMS")

    result = move(target)

    there = Btrfs(Engine(client), target)
    assert result.exit_code == 0 and all_the_same(source, there)
    assert (there.at("anna") / "holes").stat().st_blocks == 0
    assert os.getxattr(there.at("anna") / "twin", "user.origin") == b"CMS"
    assert in_hub_yaml() == ("btrfs", str(target))
    text = Path("hub.yaml").read_text()
    assert text.startswith("# The hub of our course.") and "storage: btrfs  # on a disk" in text
    assert f"homes purge --left-in folder:{source.path}" in result.stdout
    assert json.loads(Path(".hub/homes.json").read_text())["identity"] == identity.read(target)

    again = move(target)
    assert again.exit_code == 0 and "already" in again.stdout


def test_a_killed_move_goes_on(source: Folders, target: Path, client: docker.APIClient) -> None:
    """What is carried is not carried again, unless it has changed; nothing is switched before."""
    (journal,) = kill_amid(source, target).glob("*.json")
    assert in_hub_yaml() == ("folder", str(source.path))
    carried = [u for u, marks in json.loads(journal.read_text()).items() if marks["copy"]]
    there = Btrfs(Engine(client), target)
    copies = {user: (there.at(user) / "twin").stat().st_ino for user in carried}
    changed, kept = carried[0], carried[1:]
    # A copy alone is no proof: here one has changed since, with the size and the time that it had.
    work = source.at(changed) / "week 1" / "Übung 1.ipynb"
    times = work.stat()
    work.write_bytes(os.urandom(5000))
    os.utime(work, ns=(times.st_atime_ns, times.st_mtime_ns))

    result = move(target)

    assert result.exit_code == 0 and all_the_same(source, there)
    assert f"Carried, and the same: {len(kept)} home" in result.stdout
    assert {user: (there.at(user) / "twin").stat().st_ino for user in carried} == copies
    assert not journal.exists()


def kill_amid(source: Folders, target: Path) -> Path:
    """Kill a move that has carried homes and is at that of "mid"; return where it keeps books."""
    moves, programs = Path(".hub/moves"), Path("programs")
    programs.mkdir()
    (programs / "rsync").write_text(GATE.format(rsync=shutil.which("rsync")))
    (programs / "rsync").chmod(0o755)
    fill(source, "mid", files=40)
    environment = {**os.environ, "PATH": f"{programs.absolute()}:{os.environ['PATH']}"}
    command = [PROGRAM, "homes", "move", "--to", f"btrfs:{target}"]
    with subprocess.Popen(command, env=environment) as process:

        def is_there() -> bool:
            assert process.poll() is None, "it has ended too soon"
            return any('"mid"' in path.read_text() for path in moves.glob("*.json"))

        wait_for(is_there, "it is at that home")
        process.kill()
    return moves


def test_a_copy_that_somebody_uses_is_left_alone(source: Folders, target: Path) -> None:
    """Work that is done in the new place before the switch is not overwritten."""
    kill_amid(source, target)
    there = Btrfs(source._engine, target)
    (there.at("anna") / "new.txt").write_text("work")

    result = move(target)

    assert result.exit_code == 1 and "home of anna" in result.stderr
    assert "has changed since" in result.stderr
    assert (there.at("anna") / "new.txt").read_text() == "work"
    assert in_hub_yaml() == ("folder", str(source.path))


def test_homes_of_others_are_not_overwritten(source: Folders, target: Path) -> None:
    """The new place has a home of the same name, from another time."""
    there = Btrfs(source._engine, target)
    asyncio.run(there.make("anna"))
    (there.at("anna") / "thesis.txt").write_text("work")

    result = move(target)

    assert result.exit_code == 1 and "homes already of anna, which" in result.stderr
    assert [path.name for path in there.at("anna").iterdir()] == ["thesis.txt"]
    assert in_hub_yaml() == ("folder", str(source.path))


def test_while_a_server_runs_nothing_moves(
    source: Folders, target: Path, client: docker.APIClient, run: Run
) -> None:
    """It says whose; also for what somebody has started by hand."""
    mount = Mount(HOME, str(source.at("anna")), type="bind")
    run("import signal; signal.pause()", host={"mounts": [mount]})

    result = move(target)

    assert result.exit_code == 1 and "Servers run, of anna:" in result.stderr
    assert "opendata-hub stop" in result.stderr and not any(target.glob("anna"))


@contextmanager
def health(port: int) -> Iterator[None]:
    """Answer as a hub does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@contextmanager
def proxy() -> Iterator[None]:
    """Run what counts as the proxy of a hub."""
    command = [sys.executable, "-c", "input()", "configurable-http-proxy"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        Path(".hub").mkdir(mode=0o700)
        Path(".hub/proxy.pid").write_text(str(process.pid))
        yield
        process.kill()


@pytest.mark.parametrize("sign", ["it answers", "its proxy runs"])
def test_while_the_hub_runs_nothing_moves(source: Folders, target: Path, sign: str) -> None:
    """It would start servers with the homes where they were, and their work would be lost."""
    port = int(read_yaml(Path("hub.yaml"))["hub"]["url"].rpartition(":")[2])
    with health(port) if sign == "it answers" else proxy():
        result = move(target)

    assert result.exit_code == 1 and "Stop it first" in result.stderr
    assert in_hub_yaml() == ("folder", str(source.path)) and not any(target.glob("anna"))


def test_what_does_not_fit_is_told_before(source: Folders, target: Path) -> None:
    """Not when the disk is full after an hour."""
    with (source.at("anna") / "large").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 600 * 2**20)

    result = move(target)

    assert result.exit_code == 1 and "free, and this needs about 661 MB" in result.stderr
    assert not any(target.glob("anna"))


def test_a_disk_that_is_not_mounted_moves_nothing(source: Folders, target: Path) -> None:
    """Else the hub would begin with empty homes in the new place."""
    assert move(target).exit_code == 0
    (target / ".opendata-hub" / "identity").write_text("another")

    result = move(f"folder:{source.path}")

    assert result.exit_code == 1 and "not the folder with the homes" in result.stderr


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("btrfs", "write volume, folder:/PATH or btrfs:/PATH"),
        ("volume:/srv", "write volume, folder:/PATH or btrfs:/PATH"),
        ("zfs:/srv", "write volume, folder:/PATH or btrfs:/PATH"),
        ("folder:/nowhere/at/all", "which is no folder"),
        ("btrfs:/proc", "which is not on btrfs"),
    ],
)
def test_a_place_that_cannot_be_is_refused(source: Folders, to: str, words: str) -> None:
    """Before anything is looked at."""
    result = move(to)

    assert result.exit_code == 1 and words in result.stderr


def test_volumes_are_carried_there_and_back(source: Folders, target: Path, tmp_path: Path) -> None:
    """With their marks; what is left is deleted on the way back, by the words that move said."""
    config = tmp_path / "hub.yaml"
    (tmp_path / "engine").mkdir()
    with own_engine(tmp_path / "engine", disk="256m") as own:

        def here(*words: str) -> str:
            command = [*own.within, "--mount", PROGRAM, "homes", *words, "--config", str(config)]
            done = subprocess.run(
                command, env={**os.environ, "DOCKER_HOST": own.url}, text=True, capture_output=True
            )
            print(done.stdout, done.stderr)
            assert done.returncode == 0
            return str(done.stdout)

        old = json.loads(here("list", "--json"))
        here("move", "--to", "volume")
        volumes = json.loads(here("list", "--json"))
        assert {home["place"] for home in volumes} == {homes.volume_name(user) for user in USERS}
        here("move", "--to", f"btrfs:{target}")
        here("purge", "--left-in", "volume", "--yes")
        assert [h["deleted"] for h in volumes] == [h["deleted"] for h in old]
        client = docker.APIClient(own.url, version="auto")
        assert not client.volumes()["Volumes"]
        client.close()

    assert all_the_same(source, Btrfs(source._engine, target))
