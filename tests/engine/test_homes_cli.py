"""`opendata-hub homes list`, `export` and `purge`: files of people, shown, handed out, deleted."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zipfile import ZipFile

import docker
import pytest
from click.testing import CliRunner, Result
from docker.types import Mount
from jupyterhub import orm

from opendata_hub.cli import main
from opendata_hub.engine import Engine
from opendata_hub.homes import HOME
from opendata_hub.settings.accounts import hub_database
from opendata_hub.settings.state import State
from opendata_hub.storage import Btrfs, Folders, shared
from opendata_hub.storage.snapshots import FOLDER
from tests.disks import btrfs_disk
from tests.engine.conftest import Run
from tests.hubs import wait_for

HUB = (
    "homes: {{storage: {kind}, path: {path}}}\nimages: [{{slug: a, display_name: A, image: a/a}}]\n"
)
MB = 2**20
DAY = timedelta(days=1)


@pytest.fixture
def storage(client: docker.APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """
    Homes of a hub whose hub.yaml is in the working directory.

    The hub knows anna and ben; carl left a week ago, and dora a year.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homes").mkdir()
    (tmp_path / "hub.yaml").write_text(HUB.format(kind="folder", path="homes"))
    storage = Folders(Engine(client), tmp_path / "homes")
    for user in ("anna", "ben", "carl", "dora"):
        asyncio.run(storage.make(user))
        (storage.at(user) / "work.txt").write_text(f"of {user}")
    now = datetime.now(timezone.utc)
    asyncio.run(storage.mark("carl", now - 7 * DAY))
    asyncio.run(storage.mark("dora", now - 365 * DAY))
    state = State(tmp_path)
    state.make()
    know(state, "anna", "ben")
    return storage


def know(state: State, *users: str) -> None:
    """Have the hub know these users."""
    with hub_database(state.database) as db:
        db.add_all(orm.User(name=user) for user in users)
        db.commit()


def homes(*words: str, answer: str = "") -> Result:
    """Run a verb."""
    result = CliRunner().invoke(main, ["homes", *words], input=answer, catch_exceptions=False)
    print(result.output)
    return result


def left(storage: Folders) -> list[str]:
    """Whose homes there are."""
    return [home.user for home in asyncio.run(storage.homes())]


# -- list


def test_homes_are_listed(storage: Folders) -> None:
    """With what they take, where they are, and since when their user is deleted."""
    (storage.at("anna") / "large").write_bytes(bytes(MB))

    printed = homes("list").stdout
    anna, *_ = json.loads(homes("list", "--json").stdout)

    gone = f"{datetime.now().astimezone() - 7 * DAY:%Y-%m-%d}"
    lines = {line.split()[0]: line for line in printed.splitlines() if line.strip()}
    assert gone in lines["carl"] and gone not in lines["anna"] and "MB" in lines["anna"]
    assert "4 homes" in printed and "Of deleted users: 2." in printed
    assert anna["user"] == "anna" and anna["place"] == str(storage.at("anna"))
    assert MB <= anna["used"] < 2 * MB and (anna["quota"], anna["deleted"]) == (None, None)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("btrfs"), "256M") as disk:
        yield disk


def test_quotas_are_listed(
    client: docker.APIClient, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a bar of what is used of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.yaml").write_text(HUB.format(kind="btrfs", path=disk))
    storage = Btrfs(Engine(client), disk)
    asyncio.run(storage.make("anna"))
    asyncio.run(storage.limit("anna", 10 * MB))
    (storage.at("anna") / "large").write_bytes(os.urandom(9 * MB))
    subprocess.run(["sync", "--file-system", disk], check=True)

    printed = homes("list").stdout
    (anna,) = json.loads(homes("list", "--json").stdout)

    assert "10.5 MB" in printed and "█" * 14 in printed
    assert anna["quota"] == 10 * MB and anna["used"] >= 9 * MB


# -- export


def test_all_files_of_a_user_come_in_one_archive(storage: Folders, tmp_path: Path) -> None:
    """In the working directory, for nobody else to read; a link out of the home leads nowhere."""
    (storage.at("anna") / "link").symlink_to("/etc/passwd")
    os.mkfifo(storage.at("anna") / "pipe")

    printed = homes("export", "anna").stdout

    assert "anna: 1 file in anna.zip" in printed and "Left out, as no files: 'pipe'" in printed
    assert (tmp_path / "anna.zip").stat().st_mode & 0o777 == 0o600
    with ZipFile(tmp_path / "anna.zip") as archive:
        assert archive.read("anna/work.txt") == b"of anna"
        assert archive.read("anna/link") == b"/etc/passwd"


def test_a_home_in_use_is_exported(storage: Folders, tmp_path: Path, run: Run) -> None:
    """And it says that a server runs."""
    mount = Mount(HOME, str(storage.at("anna")), type="bind")
    run("import signal; signal.pause()", host={"mounts": [mount]})

    result = homes("export", "anna", "--to", str(tmp_path))

    assert result.exit_code == 0 and "server runs" in result.stdout
    assert (tmp_path / "anna.zip").is_file()


def test_everybodys_files_come_in_a_folder(storage: Folders, tmp_path: Path) -> None:
    """An archive each; one that cannot be made stops no other."""
    (tmp_path / "all" / "ben.zip").mkdir(parents=True)

    result = homes("export", "--all", "--to", "all")

    assert result.exit_code == 1 and "ben: all/ben.zip cannot be written" in result.stderr
    assert "Exported 3 of 4 homes to all" in result.stdout
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        "anna.zip", "ben.zip", "carl.zip", "dora.zip",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["export"], "Say whose files"),
        (["export", "--all"], "Say whose files"),
        (["export", "ana"], "There is no home of 'ana'. Did you mean 'anna'?"),
        (["export", "anna", "--to", "anna.tar.gz"], "write a name that ends in .zip"),
        (["export", "anna", "--to", "no/anna.zip"], "make it first"),
        (["purge", "ana"], "There is no home of 'ana'. Did you mean 'anna'?"),
        (["purge", "carl", "--deleted-before", "3d"], "homes of deleted users"),
        (["purge", "--force"], "who are named"),
        (["purge", "--left-in", "volumes"], "is no place for homes"),
    ],
)
def test_what_makes_no_sense_is_refused(storage: Folders, words: list[str], answer: str) -> None:
    """With what to write instead; nothing is deleted."""
    result = homes(*words)

    assert result.exit_code == 1 and answer in result.stderr
    assert left(storage) == ["anna", "ben", "carl", "dora"]


# -- purge


def test_homes_of_deleted_users_go_after_a_yes(storage: Folders) -> None:
    """It tells which, and how much; a y is no yes."""
    shelf = storage.path / FOLDER / "carl"
    shelf.mkdir(parents=True)
    (shelf / "2026-11-22T03-00Z.tar.gz").write_text("")

    refused = homes("purge", answer="y\n")
    assert refused.exit_code == 1 and "Nothing is deleted." in refused.stdout
    assert "2 homes, " in refused.stdout and "deleted for good" in refused.stdout
    carl = next(line for line in refused.stdout.splitlines() if line.startswith("carl"))
    assert carl.split()[4] == "1" and len(left(storage)) == 4

    assert homes("purge", answer="yes\n").exit_code == 0
    assert left(storage) == ["anna", "ben"]
    assert not storage.at("carl").exists() and not shelf.exists()
    assert "Nothing to delete." in homes("purge").stdout


def test_the_recently_deleted_may_stay(storage: Folders) -> None:
    """So there is time to come back."""
    assert homes("purge", "--deleted-before", "90d", "--yes").exit_code == 0

    assert left(storage) == ["anna", "ben", "carl"]


def test_who_has_come_back_keeps_the_home(storage: Folders, tmp_path: Path) -> None:
    """The hub knows carl again; the mark would go at the next start only."""
    know(State(tmp_path), "carl")

    result = homes("purge", "--yes")

    assert "carl stays: the hub knows this user again." in result.stdout
    assert left(storage) == ["anna", "ben", "carl"]


def test_a_known_users_home_takes_force(storage: Folders) -> None:
    """To begin anew, say; and only by name."""
    refused = homes("purge", "anna", "dora", "--yes")
    assert refused.exit_code == 1 and "The hub knows anna." in refused.stderr
    assert len(left(storage)) == 4

    assert homes("purge", "anna", "dora", "--force", "--yes").exit_code == 0
    assert left(storage) == ["ben", "carl"]


def test_a_home_in_use_stays_whatever_is_asked(storage: Folders, run: Run) -> None:
    """The files of a server that runs do not vanish under it."""
    for user in ("anna", "carl"):
        mount = Mount(HOME, str(storage.at(user)), type="bind")
        run("import signal; signal.pause()", host={"mounts": [mount]})

    named = homes("purge", "anna", "--force", "--yes")
    rest = homes("purge", "--yes")

    assert named.exit_code == 1 and "A server runs of anna." in named.stderr
    assert "carl stays: the container" in rest.stdout
    assert left(storage) == ["anna", "ben", "carl"]


def test_without_the_hubs_word_nothing_goes(storage: Folders, tmp_path: Path) -> None:
    """A user may be there of whom we do not know."""
    (tmp_path / ".hub" / "jupyterhub.sqlite").unlink()

    result = homes("purge", "--yes")

    assert result.exit_code == 1 and "No hub has run" in result.stderr
    assert len(left(storage)) == 4


def test_the_folder_of_a_class_goes_with_the_class_alone(storage: Folders) -> None:
    """It is listed and handed out like a home, and never deleted while hub.yaml has the class."""
    folder, file = shared.owner("art"), Path("hub.yaml")
    asyncio.run(storage.make(folder))
    classes = "classes: [{name: art, users: [anna], instructors: [fay]}]\n"
    file.write_text(f"{file.read_text()}{classes}")
    assert folder in homes("list").stdout
    assert homes("export", folder).exit_code == 0
    refused = homes("purge", folder, "--force", "--yes")

    assert refused.exit_code == 1 and "class/art: hub.yaml has the class" in refused.stderr
    assert folder not in homes("purge", "--yes").stdout
    file.write_text(file.read_text().replace(classes, ""))
    assert homes("purge", folder, "--yes").exit_code == 0
    assert folder not in left(storage)


def test_a_killed_purge_is_done_again(storage: Folders) -> None:
    """What is half deleted is still known as a deleted user's."""
    for number in range(5000):
        (storage.at("dora") / f"{number}").touch()
    command = [str(Path(sys.executable).with_name("opendata-hub")), "homes", "purge", "--yes"]
    with subprocess.Popen(command) as process:
        wait_for(lambda: not (storage.at("dora") / "work.txt").exists(), "it deletes")
        process.kill()

    homes("purge", "--yes")

    assert left(storage) == ["anna", "ben"]
    assert sorted(path.name for path in storage.path.iterdir() if path.name[0] != ".") == [
        "anna", "ben",
    ]  # fmt: skip


def test_what_a_move_has_left_goes(storage: Folders, client: docker.APIClient, disk: Path) -> None:
    """Homes that are in the new place, and no others."""
    there = Btrfs(Engine(client), disk / "left")
    there.path.mkdir()
    for user in ("ben", "carl", "eve"):
        asyncio.run(there.make(user))

    result = homes("purge", "--left-in", f"btrfs:{there.path}", answer="yes\n")

    assert result.exit_code == 0 and "eve stays: there is no home" in result.stdout
    assert "Deleted 2 homes" in result.stdout
    assert left(there) == ["eve"]
    homes("purge", "--left-in", f"btrfs:{there.path}", "eve", "--yes")
    assert left(there) == []
    assert left(storage) == ["anna", "ben", "carl", "dora"]
