"""What is seen of a home, and deleted in it: nothing outside, whoever changes it meanwhile."""

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.services.homes import hand, paths

KB = 1024


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home beside something that is none of its business."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text("precious")
    return home


@pytest.fixture
def opened(home: Path) -> Iterator[int]:
    """The home, open."""
    folder = os.open(home, hand.FOLDER)
    yield folder
    os.close(folder)


def put(path: Path, size: int) -> Path:
    """Write a file, and the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


def is_whole(home: Path) -> bool:
    """Whether what is outside is as it was."""
    return (home.parent / "outside" / "precious").read_text() == "precious"


def test_the_largest_come_first(home: Path, opened: int) -> None:
    """Folders with all that is in them, and files, wherever they are."""
    put(home / "data" / "old" / "run.root", 400 * KB)
    put(home / "data" / "notes.txt", 8 * KB)
    put(home / "plot.png", 200 * KB)
    os.link(home / "plot.png", home / "same.png")
    (home / "empty" / "too").mkdir(parents=True)

    found = hand.look(opened, ())

    names = [(entry["name"], entry["files"], entry["folder"]) for entry in found["entries"]]
    assert names[0] == ("data", 2, True)
    assert names[1] in [("plot.png", 1, False), ("same.png", 1, False)]
    assert len(names) == 2  # a second name takes no room
    assert found["entries"][0]["size"] >= 408 * KB
    assert 608 * KB <= found["total"] < 700 * KB
    assert found["largest"][0]["path"] == ("data", "old", "run.root")
    inner = hand.look(opened, ("data",))
    assert [entry["name"] for entry in inner["entries"]] == ["old", "notes.txt"]
    assert inner["largest"][0]["path"] == ("data", "old", "run.root")


def test_deleting_takes_files_and_whole_folders(home: Path, opened: int) -> None:
    """Those that nobody may write to as well, as Go makes them; what is gone is no fault."""
    put(home / "data" / "deep" / "one", KB)
    put(home / "two", KB)
    put(home / "keep", KB)
    (home / "data" / "deep").chmod(0o555)

    assert hand.remove(opened, [("data",), ("two",), ("gone",)]) == []

    assert [path.name for path in home.iterdir()] == ["keep"]


def test_a_link_is_deleted_and_not_followed(home: Path, opened: int) -> None:
    """Neither one in a folder that goes, nor one that is chosen itself."""
    (home / "data").mkdir()
    (home / "data" / "link").symlink_to(home.parent / "outside")
    (home / "other").symlink_to(home.parent / "outside" / "precious")

    assert hand.remove(opened, [("data",), ("other",)]) == []

    assert list(home.iterdir()) == []
    assert is_whole(home)


@pytest.mark.parametrize(
    "path",
    [
        ("link", "precious"),
        ("..", "outside", "precious"),
        ("data", "..", "..", "outside"),
        ("../outside/precious",),
        ("/etc",),
        (".",),
        ("",),
        (),
    ],
)
def test_no_path_leads_out(home: Path, opened: int, path: tuple[str, ...]) -> None:
    """Not by a link, nor by dots, slashes or nothing."""
    put(home / "data" / "own", KB)
    (home / "link").symlink_to(home.parent / "outside")

    assert len(hand.remove(opened, [path])) == 1

    assert is_whole(home)
    assert (home / "data" / "own").exists()


def test_a_folder_that_is_a_link_is_not_looked_into(home: Path, opened: int) -> None:
    """Nothing is told of what is elsewhere."""
    (home / "link").symlink_to(home.parent / "outside")

    assert [one["path"] for one in hand.look(opened, ())["largest"]] in ([], [("link",)])
    with pytest.raises(OSError, match=r"directory|symbolic"):
        hand.look(opened, ("link",))


def test_a_race_with_a_link_deletes_nothing_outside(home: Path, opened: int) -> None:
    """A folder that becomes a link and a folder again, all the time, leads nowhere."""
    folder, ended = home / "data", threading.Event()

    def swap() -> None:
        for change in itertools.cycle(
            (folder.mkdir, folder.rmdir, lambda: folder.symlink_to("../outside"), folder.unlink)
        ):
            with suppress(OSError):
                change()
            if ended.is_set():
                return

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        for _ in range(3000):
            hand.remove(opened, [("data", "precious"), ("data",)])
            hand.look(opened, ())
    finally:
        ended.set()
        attacker.join()

    assert is_whole(home)


def test_names_of_any_bytes_go_through_a_form(home: Path, opened: int) -> None:
    """Slashes of the address, quotes, line ends, and bytes that are no text."""
    name = os.fsdecode(b'a "q" %2f\n\xff&?')
    put(home / name, KB)
    (found,) = hand.look(opened, ())["largest"]
    written = paths.write(found["path"])

    assert written.isascii()
    assert paths.read(written) == (name,)
    assert paths.show((name,)) == 'a "q" %2f\n\\udcff&?'
    assert hand.remove(opened, [paths.read(written)]) == []
    assert list(home.iterdir()) == []


def ask(home: Path, verb: str, question: Any) -> "subprocess.CompletedProcess[str]":
    """Ask as the service does."""
    folder = os.open(home, hand.FOLDER)
    try:
        return subprocess.run(
            [sys.executable, "-I", "-S", hand.__file__, verb, str(folder)],
            input=json.dumps(question), pass_fds=[folder], capture_output=True, text=True,
        )  # fmt: skip
    finally:
        os.close(folder)


@pytest.fixture
def owned(home: Path) -> Callable[[Path], Path]:
    """Hands files to a student; the tests' own user is root."""

    def give(path: Path) -> Path:
        os.chown(path, 1000, 100)
        return path

    return give


def test_it_has_the_rights_of_the_homes_owner(home: Path, owned: Callable[[Path], Path]) -> None:
    """What root has put into a home, and closed, its owner cannot delete this way either."""
    owned(home)
    exam = put(home / "exam" / "questions", KB)
    exam.parent.chmod(0o755)
    owned(put(home / "mine", KB))

    done = ask(home, "remove", [["exam"], ["mine"]])

    assert json.loads(done.stdout) == ["exam/questions: Permission denied"]
    assert exam.exists()
    assert not (home / "mine").exists()


def test_a_home_that_is_roots_is_left_alone(home: Path) -> None:
    """It has not been handed to anybody."""
    put(home / "file", KB)

    done = ask(home, "remove", [["file"]])

    assert (done.returncode, done.stderr) == (
        1,
        "This home has not been handed to its owner yet.\n",
    )
    assert (home / "file").exists()


def test_a_folder_that_is_gone_is_told(home: Path, owned: Callable[[Path], Path]) -> None:
    """In a sentence, and no traceback."""
    done = ask(owned(home), "look", ["gone"])

    assert (done.returncode, done.stderr) == (
        1,
        "There is no such folder (No such file or directory).\n",
    )
