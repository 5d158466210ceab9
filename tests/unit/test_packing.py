"""A home as one archive, whatever is in it and whoever works there."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from opendata_hub.errors import StorageError
from opendata_hub.storage.packing import pack
from opendata_hub.storage.snapshots_archives import fingerprint

BUSY = """
import itertools, os, pathlib, sys
home = pathlib.Path(sys.argv[1])
for turn in itertools.count():
    file = home / f"{turn % 300}.txt"
    if turn % 3 == 0:
        file.unlink(missing_ok=True)
    elif turn % 3 == 1:
        file.write_bytes(os.urandom(turn % 50000))
    else:
        file.touch()
        os.truncate(file, turn % 1000)
    if turn == 10:
        print("busy", flush=True)
"""
"""A user who writes, cuts and deletes."""


def test_an_archive_leads_nowhere(tmp_path: Path) -> None:
    """Links stay links, pipes are not waited for, holes take no room."""
    home, secret = tmp_path / "home", tmp_path / "secret"
    home.mkdir()
    secret.write_text("the host's")
    (home / "link").symlink_to(secret)
    (home / "folder").symlink_to(tmp_path)
    os.mkfifo(home / "pipe")
    with (home / "holes").open("wb") as file:
        file.truncate(2**40)
    (home / "snapshots").mkdir()
    pack(home, tmp_path / "home.tar.gz")

    with tarfile.open(tmp_path / "home.tar.gz") as opened:
        assert sorted(opened.getnames()) == [".", "./folder", "./holes", "./link", "./pipe"]
        assert opened.getmember("./link").issym()
        assert opened.getmember("./folder").issym()
    assert (tmp_path / "home.tar.gz").stat().st_size < 2**20


def test_files_that_change_while_they_are_read_break_nothing(tmp_path: Path) -> None:
    """Whatever a user does meanwhile, the archive can be read to its end."""
    home = tmp_path / "home"
    home.mkdir()
    for number in range(300):
        (home / f"{number}.txt").write_bytes(os.urandom(20000))
    (home / "note.txt").write_text("saved long ago")
    busy = subprocess.Popen([sys.executable, "-c", BUSY, str(home)], stdout=subprocess.PIPE)
    assert busy.stdout and busy.stdout.readline()
    try:
        for number in range(3):
            pack(home, tmp_path / f"{number}.tar.gz")
    finally:
        busy.kill()
        busy.communicate()
    for number in range(3):
        with tarfile.open(tmp_path / f"{number}.tar.gz") as opened:
            note = opened.extractfile("./note.txt")
            assert note and note.read() == b"saved long ago"
            assert sum(len(opened.extractfile(one).read()) for one in opened if one.isfile()) > 0


def test_a_home_that_is_gone_is_no_empty_archive(tmp_path: Path) -> None:
    """What the program says of it is handed on."""
    with pytest.raises(StorageError, match=r"gone cannot be read as a whole: tar: .*No such file"):
        pack(tmp_path / "gone", tmp_path / "home.tar.gz")


def test_any_change_counts_and_no_look_does(tmp_path: Path) -> None:
    """Also one that its user has dated back; reading is none."""
    file = tmp_path / "file.txt"
    file.write_text("one")
    before = fingerprint(tmp_path)
    file.read_text()
    assert fingerprint(tmp_path) == before

    times = file.stat()
    file.write_text("two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fingerprint(tmp_path) != before
