"""Homes looked at, compared, and packed for their owners: whatever users have put there."""

import os
import resource
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from opendata_hub.errors import StorageError
from opendata_hub.storage.comparing import difference
from opendata_hub.storage.exporting import export
from opendata_hub.storage.surveying import survey
from opendata_hub.storage.walking import Gone, walk

MB = 2**20


def silent(more: int) -> None:
    """Nobody listens."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with some of everything."""
    home = tmp_path / "home"
    (home / "week 1").mkdir(parents=True)
    (home / "week 1" / "Übung.ipynb").write_text("{}")
    (home / "week 1" / "run.sh").write_text("#!/bin/sh\n")
    (home / "week 1" / "run.sh").chmod(0o755)
    (home / "week 1-2").write_bytes(b"")
    (home / "twin").hardlink_to(home / "week 1" / "run.sh")
    (home / "link").symlink_to("/etc/passwd")
    (home / "loop").symlink_to(".")
    os.mkfifo(home / "pipe")
    (home / os.fsdecode(b"latin-\xe9")).write_text("1")
    monkeypatch.chdir(home)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    os.utime(home / "week 1-2", (0, 0))
    return home


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """A copy of the home."""
    subprocess.run(["cp", "-a", home, tmp_path / "copy"], check=True)
    return tmp_path / "copy"


def test_nothing_is_followed(home: Path) -> None:
    """A folder before what is in it, by name; links as what they are."""
    paths = [entry.path for entry in walk(home)]

    assert paths[0] == "." and "week 1-2" in paths
    assert paths.index("week 1") + 1 == paths.index("week 1/run.sh")
    assert not any(path.startswith(("link/", "loop/")) for path in paths)


def test_what_is_another_thing_by_now_is_gone(home: Path) -> None:
    """A user puts a link, or a pipe, where a file was when we looked."""
    for path, swap in (("twin", "link"), ("week 1-2", "pipe")):
        for entry in walk(home):
            if entry.path == path:
                (home / path).unlink()
                (home / swap).rename(home / path)
                with pytest.raises(Gone):
                    entry.open()


def test_folders_without_end_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody runs out of memory or descriptors over a prank."""
    for _ in range(40):
        name = "x" * 200
        Path(name).mkdir()
        monkeypatch.chdir(name)

    with pytest.raises(OSError, match="too deep"):
        list(walk(home))
    monkeypatch.chdir(home)
    subprocess.run(["rm", "-r", name], check=True)


def test_a_survey_changes_with_whatever_changes(home: Path) -> None:
    """Also where the time is set back and the size is the same."""
    first, times = survey(home), (home / "twin").stat()
    assert survey(home) == first
    assert (first.files, first.length) == (5, 2 + 10 + 10 + 0 + 1)

    (home / "twin").write_text("#!/bin/ps\n")
    os.utime(home / "twin", ns=(times.st_atime_ns, times.st_mtime_ns))

    assert survey(home).mark != first.mark


def _written(path: str, text: str) -> Callable[[Path], None]:
    """Another content, with the time that it had."""

    def change(copy: Path) -> None:
        before = (copy / path).stat()
        (copy / path).write_text(text)
        os.utime(copy / path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return change


def _untwinned(copy: Path) -> None:
    (copy / "twin").unlink()
    subprocess.run(["cp", "-a", copy / "week 1" / "run.sh", copy / "twin"], check=True)


def _relinked(copy: Path) -> None:
    times = (copy / "link").lstat()
    (copy / "link").unlink()
    (copy / "link").symlink_to("/etc/passwx")
    os.utime(copy / "link", ns=(0, times.st_mtime_ns), follow_symlinks=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_written("twin", "#!/bin/ps\n"), "twin: its content"),
        (lambda copy: (copy / "week 1-2").chmod(0o600), "week 1-2: its kind or mode"),
        (lambda copy: os.utime(copy / "week 1-2", ns=(0, 1)), "week 1-2: its time"),
        (lambda copy: os.utime(copy / "week 1", ns=(0, 1)), "week 1: its time"),
        (lambda copy: (copy / "pipe").unlink(), "pipe: not in the copy"),
        (lambda copy: (copy / "week 1" / "z").write_text(""), "week 1/z: only in the copy"),
        (_untwinned, "week 1/run.sh: its hard links"),
        (_relinked, "link: where it leads"),
    ],
)
def test_the_smallest_difference_is_found(
    home: Path, copy: Path, change: Callable[[Path], object], words: str
) -> None:
    """It is named, with the file."""
    assert difference(home, copy, silent) is None

    change(copy)

    assert difference(home, copy, silent) == words


def test_an_archive_has_all_files(home: Path, tmp_path: Path) -> None:
    """In one folder, with modes and links; names that are no UTF-8 are spelt out."""
    told: list[int] = []

    exported = export(home, "anna", tmp_path / "anna.zip", told.append)

    assert exported.left_out == ["pipe", "socket"]
    assert exported.files == 5 and sum(told) == survey(home).length
    assert stat.S_IMODE((tmp_path / "anna.zip").stat().st_mode) == 0o600
    with ZipFile(tmp_path / "anna.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {
            "anna/", "anna/link", "anna/loop", "anna/latin-%E9", "anna/twin", "anna/week 1/",
            "anna/week 1-2", "anna/week 1/run.sh", "anna/week 1/Übung.ipynb",
        }  # fmt: skip
        assert archive.read("anna/link") == b"/etc/passwd"
        assert stat.S_ISLNK(archive.getinfo("anna/link").external_attr >> 16)
        assert archive.getinfo("anna/week 1/run.sh").external_attr >> 16 == 0o100755
        assert archive.getinfo("anna/week 1-2").date_time[0] == 1980  # a ZIP knows no earlier time


@pytest.fixture
def short_files() -> Iterator[None]:
    """No file may have more than a megabyte, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_broken_off_archive_leaves_nothing(
    home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The one before stays; what a killed export has left is in nobody's way."""
    file = tmp_path / "anna.zip"
    (tmp_path / "anna.zip.part").write_text("left")
    export(home, "anna", file, silent)
    before = file.read_bytes()
    (home / "large").write_bytes(os.urandom(2 * MB))
    request.getfixturevalue("short_files")

    with pytest.raises(StorageError, match=r"anna\.zip cannot be written"):
        export(home, "anna", file, silent)

    assert file.read_bytes() == before
    assert list(tmp_path.glob("*.part")) == []
