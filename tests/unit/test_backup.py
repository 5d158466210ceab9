"""Pieces of a backup: manifests, a database that is written to, files put back into place."""

import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata_hub import places
from opendata_hub.backup import database, manifest, vault
from opendata_hub.backup.contents import Hub
from opendata_hub.backup.journal import Journal
from opendata_hub.backup.restic import is_half_made
from opendata_hub.backup.settling import settle
from opendata_hub.backup.vault import Run
from opendata_hub.errors import BackupError

NAMES = st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name)
SUMS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(made=st.dictionaries(NAMES, SUMS))
def test_a_manifest_holds_any_name(
    made: dict[bytes, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Newlines, backslashes and what is no UTF-8 come back as they were."""
    file = tmp_path_factory.getbasetemp() / "SHA256SUMS"

    manifest.write(file, made)

    assert manifest.read(file) == made


def test_a_manifest_can_be_checked_without_us(tmp_path: Path) -> None:
    """``sha256sum --check`` reads it."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("plain", "new\nline", "back\\slash"):
        (tree / name).write_text(name)
    manifest.write(tmp_path / "SHA256SUMS", manifest.sums(tree, {}, lambda path: False, print))

    command = ["sha256sum", "--check", "--quiet", "--strict", "../SHA256SUMS"]
    subprocess.run(command, cwd=tree, check=True)


def test_a_damaged_manifest_is_no_manifest(tmp_path: Path) -> None:
    """Neither with its end missing nor with a line that is none."""
    file = tmp_path / "SHA256SUMS"
    manifest.write(file, {b"a": "0" * 64, b"b": "1" * 64})
    whole = file.read_bytes()

    for content in (whole[:-1], whole[:30], whole.replace(b"1", b"x", 1)):
        file.write_bytes(content)
        with pytest.raises(BackupError, match="is damaged"):
            manifest.read(file)


def test_a_database_is_copied_as_it_is_at_one_moment(tmp_path: Path) -> None:
    """What is written together is in the copy together, however busy its writer is."""
    source = tmp_path / "hub.sqlite"
    with closing(sqlite3.connect(source)) as hub:
        hub.execute("CREATE TABLE users (name)")
        hub.execute("CREATE TABLE servers (user)")
        hub.commit()
    ended = threading.Event()
    writer = threading.Thread(target=_write, args=(source, ended))
    writer.start()

    try:
        for number in range(5):
            database.copy(source, tmp_path / f"{number}.sqlite")
    finally:
        ended.set()
        writer.join()

    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.sqlite")) as copy:
            users, servers = (_count(copy, table) for table in ("users", "servers"))
            assert users == servers


def _write(source: Path, ended: threading.Event) -> None:
    with closing(sqlite3.connect(source, timeout=60)) as hub:
        while not ended.wait(0.01):  # seconds; others get in between
            with hub:
                hub.execute("INSERT INTO users VALUES (zeroblob(5000))")
                hub.execute("INSERT INTO servers VALUES (zeroblob(5000))")


def _count(copy: sqlite3.Connection, table: str) -> int:
    return int(copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def test_a_damaged_database_is_no_backup(tmp_path: Path) -> None:
    """It is refused when it is copied, not when it is needed."""
    (tmp_path / "hub.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)

    with pytest.raises(BackupError, match=r"hub\.sqlite"):
        database.copy(tmp_path / "hub.sqlite", tmp_path / "copy.sqlite")


def test_files_settle_and_others_step_aside(tmp_path: Path) -> None:
    """Equal ones stay, different ones are renamed; the state goes as a whole, hub.yaml last."""
    source, folder = tmp_path / "source", tmp_path / "hub"
    for top in (source, folder):
        (top / "welcome").mkdir(parents=True)
        (top / "welcome" / "same.txt").write_text("same")
        (top / "welcome" / "other.txt").write_text(f"of {top.name}")
        (top / ".hub").mkdir(mode=0o700)
        (top / ".hub" / top.name).touch()
    (source / "hub.yaml").write_text("hub: {}")

    aside = settle(source, folder, "hub.yaml")

    assert sorted(path.name for path in aside) == [
        ".hub.before-restore",
        "other.txt.before-restore",
    ]
    assert (folder / "welcome" / "other.txt").read_text() == "of source"
    assert [path.name for path in (folder / ".hub").iterdir()] == ["source"]
    assert (folder / "hub.yaml").exists()
    assert settle(source, folder, "hub.yaml") == []


def test_an_installed_hub_has_its_state_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a backup it lies where that of every hub does, and comes back to where it was."""
    monkeypatch.setattr(places, "CONFIG", tmp_path / "etc")
    monkeypatch.setattr(places, "DATA", tmp_path / "var")
    (tmp_path / "var" / "hub").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    hub = Hub(tmp_path / "etc", "hub.yaml", [], {}, [], 8081)
    assert hub.sources() == {"hub/.hub": tmp_path / "var" / "hub"}
    (tmp_path / "saved" / ".hub").mkdir(parents=True)
    (tmp_path / "saved" / ".hub" / "cookie_secret").write_text("secret")
    aside = settle(tmp_path / "saved", tmp_path / "etc", "hub.yaml")
    assert aside == [tmp_path / "var" / "hub.before-restore"]
    assert (tmp_path / "var" / "hub" / "cookie_secret").read_text() == "secret"
    assert not (tmp_path / "etc" / ".hub").exists()


def test_a_restore_goes_on_with_its_own_backup_only(tmp_path: Path) -> None:
    """Homes of two moments in one hub would be nobody's wish."""
    journal = Journal(tmp_path)
    journal.begin("2026-11-22T03-00-00Z")
    journal.add(["anna"])

    with pytest.raises(BackupError, match="--run 2026-11-22T03-00-00Z"):
        Journal(tmp_path).begin("2026-11-23T03-00-00Z")

    assert Journal(tmp_path).done == ("anna",)
    journal.end()
    assert list(tmp_path.iterdir()) == []


def test_backups_of_one_second_are_two() -> None:
    """Each has a name of its own, in the order in which they were made, whatever the clock says."""
    first = Run(vault.after([]), "1", 0)
    second = Run(vault.after([first]), "2", 0)

    assert second.name > first.name
    assert vault.moment(second.name) == second.when
    assert vault.moment("lost+found") is None


@pytest.mark.parametrize(
    ("files", "half"),
    [
        (("data/00/", "keys/a", "snapshots/", "locks/"), True),
        (("data/", "index/"), True),
        ((), False),
        (("data/00/", "keys/a", "config"), False),
        (("data/00/pack", "keys/a"), False),
        (("data/", "thesis/"), False),
        (("data",), False),
    ],
)
def test_a_repository_that_was_half_made_is_told_from_others(
    tmp_path: Path, files: tuple[str, ...], half: bool
) -> None:
    """Nothing is in it yet, so it is made anew; whatever holds anything is left alone."""
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    assert is_half_made(tmp_path) is half
