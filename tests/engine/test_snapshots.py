"""Snapshots on a disk of btrfs: what students can do with them, and what breaks them not."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import CliRunner
from docker.errors import NotFound
from docker.types import Mount

from opendata_hub import homes
from opendata_hub.cli import main
from opendata_hub.engine import Engine
from opendata_hub.services.snapshots.keeper import Keeper
from opendata_hub.storage import (
    Btrfs,
    Folders,
    Rule,
    Storage,
    Volumes,
    open_snapshots,
    open_storage,
)
from opendata_hub.storage.snapshots import FOLDER, mounts
from tests import stand_in
from tests.disks import btrfs_disk
from tests.homes_of_text import FILES, content, furnished, is_whole

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
RULE = Rule(3, 2, timezone.utc)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("snapshots")) as disk:
        yield disk


@pytest.fixture
def path(disk: Path, new_name: Callable[[str], str]) -> Path:
    """An empty folder on it."""
    path = disk / new_name("homes")
    path.mkdir()
    return path


@pytest.fixture
def storage(engine: Engine, path: Path) -> Storage:
    """Homes there, a subvolume each."""
    return open_storage(engine, Btrfs.kind, path)


@pytest.fixture
def keeper(storage: Storage, path: Path) -> Keeper:
    """Keeps their snapshots of three hours and two days."""
    return Keeper(storage, open_snapshots(storage, path / FOLDER), RULE)


def snapshots(path: Path, user: str) -> list[Path]:
    """What the user sees, oldest first."""
    return sorted((path / FOLDER / user).iterdir())


class Terminal:
    """A terminal in a container with a home and its snapshots, as the spawner mounts them."""

    def __init__(self, client: docker.APIClient, container: str) -> None:
        self.client, self.container = client, container

    def run(self, command: str) -> tuple[int, str]:
        """Run a command line as the student; return its exit code and all that it printed."""
        job = self.client.exec_create(self.container, ["sh", "-c", command], user="1000:100")
        output = self.client.exec_start(job["Id"]).decode()
        return self.client.exec_inspect(job["Id"])["ExitCode"], output

    def close(self) -> None:
        """Remove the container; once more is fine."""
        with suppress(NotFound):
            self.client.remove_container(self.container, force=True, v=True)


@pytest.fixture
def terminal(
    client: docker.APIClient, new_name: Callable[[str], str]
) -> Iterator[Callable[..., Any]]:
    """Opens terminals."""
    made: list[Terminal] = []

    async def open_one(storage: Storage, root: Path, user: str) -> Terminal:
        binds = [storage.mount(user), *await mounts(storage, str(root), user)]
        host = client.create_host_config(mounts=[Mount(**mount) for mount in binds])
        made.append(Terminal(client, new_name("terminal")))
        client.create_container(
            stand_in.BASE, ["sleep", "infinity"], name=made[-1].container, host_config=host,
            working_dir=homes.HOME,
        )  # fmt: skip
        client.start(made[-1].container)
        return made[-1]

    yield open_one
    for one in made:
        one.close()


# -- the student


async def test_a_student_restores_by_copying(
    storage: Storage, keeper: Keeper, path: Path, terminal: Callable[..., Any]
) -> None:
    """A snapshot appears in a running server, cannot be changed there, and is copied from."""
    home = await furnished(storage, "anna")
    shell = await terminal(storage, path / FOLDER, "anna")
    assert shell.run("ls snapshots") == (0, "")
    await keeper.round(NOON)
    assert shell.run("ls snapshots") == (0, "2026-11-22T12-00Z\n")

    for change in ("touch", "rm -rf", "chmod -R 777", "rmdir"):
        for place in ("snapshots/*/1.txt", "snapshots/*", "snapshots"):
            assert shell.run(f"{change} {place}")[0] != 0
    assert shell.run("echo > snapshots/2026-11-22T12-00Z/new.txt")[0] != 0
    assert len(list(snapshots(path, "anna")[0].glob("*.txt"))) == FILES

    shell.run("rm 1.txt; echo spoilt > 2.txt")
    code, said = shell.run("cp snapshots/2026-11-22T12-00Z/*.txt .")
    assert (code, said) == (0, "")
    assert (home / "1.txt").read_text() == content("anna", 1)
    assert (home / "2.txt").read_text() == content("anna", 2)
    assert (home / "1.txt").stat().st_uid == homes.UID


async def test_a_student_unpacks_an_archive(
    engine: Engine, path: Path, terminal: Callable[..., Any]
) -> None:
    """All of it in the home itself, without an error, or one file."""
    storage = open_storage(engine, Folders.kind, path)
    home = await furnished(storage, "anna")
    shell = await terminal(storage, path / FOLDER, "anna")
    await Keeper(storage, open_snapshots(storage, path / FOLDER), RULE).round(NOON)
    archive = "snapshots/2026-11-22T12-00Z.tar.gz"
    assert shell.run("ls snapshots/*") == (0, f"{archive}\n")
    assert shell.run(f"rm -f {archive}")[0] != 0

    shell.run("rm *.txt")
    assert shell.run(f"tar xf {archive} ./1.txt") == (0, "")
    assert (home / "1.txt").read_text() == content("anna", 1)
    assert shell.run(f"tar xf {archive}") == (0, "")
    assert len(list(home.glob("*.txt"))) == FILES
    assert (home / "1.txt").stat().st_uid == homes.UID


FILL = "cat /dev/zero > full; i=0; while : > full-$i; do i=$((i+1)); done"


async def test_the_server_of_a_full_home_starts(
    storage: Storage, path: Path, terminal: Callable[..., Any]
) -> None:
    """Without snapshots where their place cannot be made any more, with them where it is there."""
    for user, root in (("anna", ""), ("ben", path / FOLDER)):
        await furnished(storage, user)
        await storage.limit(user, 4 * 2**20)
        assert "quota exceeded" in (await terminal(storage, root, user)).run(FILL)[1]

    anna = await terminal(storage, path / FOLDER, "anna")
    assert anna.run("ls -d 1.txt snapshots 2> /dev/null") == (2, "1.txt\n")
    ben = await terminal(storage, path / FOLDER, "ben")
    assert ben.run("ls -d 1.txt snapshots") == (0, "1.txt\nsnapshots\n")


# -- the service


async def test_only_homes_with_changes_are_taken(
    storage: Storage, keeper: Keeper, path: Path
) -> None:
    """A write that is not on the disk yet is a change, and so is a name that went."""
    anna, ben, cem = [await furnished(storage, user) for user in ("anna", "ben", "cem")]
    await keeper.round(NOON)
    (anna / "1.txt").write_text("changed")
    (cem / "1.txt").unlink()
    await keeper.round(NOON + timedelta(hours=1))

    assert [len(snapshots(path, user)) for user in ("anna", "ben", "cem")] == [2, 1, 2]
    first, second = snapshots(path, "anna")
    assert (first / "1.txt").read_text() == content("anna", 1)
    assert (second / "1.txt").read_text() == "changed"
    assert ben.exists()


async def test_snapshots_go_by_the_rule_and_with_their_home(
    storage: Storage, keeper: Keeper, path: Path
) -> None:
    """Three hours and two days stay, whatever the clock does in between."""
    home = await furnished(storage, "anna")
    for hours in (0, 1, 2, 3, 24 * 400, 24, 25, 26):
        (home / "1.txt").write_text(str(hours))
        await keeper.round(NOON + timedelta(hours=hours))

    kept = [(place / "1.txt").read_text() for place in snapshots(path, "anna")]
    assert kept == ["3", "24", "25", "26", "9600"]
    await storage.remove("anna")
    assert not (path / FOLDER / "anna").exists()


async def test_a_class_takes_seconds(storage: Storage, keeper: Keeper, path: Path) -> None:
    """Thirty homes, each whole."""
    for number in range(30):
        await furnished(storage, f"user-{number}")
    await keeper.round(NOON)
    for number in range(30):
        (place,) = snapshots(path, f"user-{number}")
        assert is_whole(place, f"user-{number}")


async def test_homes_in_volumes_have_archives_which_go_with_them(
    engine: Engine, tmp_path: Path, terminal: Callable[..., Any], new_name: Callable[[str], str]
) -> None:
    """They are in a folder of the hub's, and their user sees them."""
    user, root = new_name("anna"), tmp_path / "snapshots"
    storage = open_storage(engine, Volumes.kind, archives=root)
    try:
        home = await furnished(storage, user)
        shell = await terminal(storage, root, user)
        archives = open_snapshots(storage, root)
        await archives.prepare()
        assert await archives.take(user, NOON)
        (home / "1.txt").unlink()
        assert shell.run("tar xf snapshots/2026-11-22T12-00Z.tar.gz") == (0, "")
        assert (home / "1.txt").read_text() == content(user, 1)
        shell.close()
    finally:
        await storage.remove(user)
    assert not (root / user).exists()


# -- the command


def test_an_admin_takes_one_before_an_exam(tmp_path: Path, path: Path, engine: Engine) -> None:
    """Of all, or of those named; a name that nobody has is told."""
    file = tmp_path / "hub.yaml"
    file.write_text(
        "images: [{slug: one, display_name: One, image: example.org/one:1}]\n"
        f"homes: {{storage: btrfs, path: {path}}}\n"
    )
    storage = open_storage(engine, Btrfs.kind, path)
    for user in ("anna", "ben"):
        asyncio.run(furnished(storage, user))

    def take(*users: str) -> str:
        command = ["homes", "snapshot", *users, "--config", str(file)]
        return CliRunner().invoke(main, command).output

    assert take("anna") == "Kept 1 home as of now.\n"
    same = "Not changed since their last one, or kept this minute: 1."
    assert take() == f"Kept 1 home as of now. {same}\n"
    assert len(snapshots(path, "anna")) == len(snapshots(path, "ben")) == 1
    assert "There is no home of 'ana'. Did you mean 'anna'?" in take("ana")
