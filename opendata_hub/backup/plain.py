"""Backups as folders, by rsync: one for each run; what has not changed is shared among them."""

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from opendata_hub.backup import manifest, programs
from opendata_hub.backup.programs import last_line
from opendata_hub.backup.stage import Stage
from opendata_hub.backup.vault import (
    INDEX,
    NO_ROOM,
    Run,
    Saved,
    Tell,
    after,
    moment,
    no_room,
    refused,
)
from opendata_hub.errors import BackupError

MARK = "opendata-hub-backup"
"""File by which a folder is known to hold such backups."""

_MARK_TEXT = "Backups of a hub, one folder each under runs: see opendata-hub restore --help.\n"
# An attribute of btrfs itself means nothing elsewhere, and cannot be set there. Without a window
# a file that changed within a second would pass for the same.
_OPTIONS = ("--numeric-ids", "--delete", "--filter=-x btrfs.*", "--modify-window=-1")
_COPY = ("rsync", "-aHAXS", *_OPTIONS, "--info=progress2")
_TREE, _SUMS, _UNFINISHED, _LEAVING = "tree", "SHA256SUMS", "unfinished", "leaving"
_INCOMPLETE, _VANISHED = 23, 24  # exit codes of rsync
_PROGRESS = re.compile(r"\s*([\d,]+)\s+(\d+)%")


class Plain:
    """
    A folder on a file system with owners, modes and hard links, such as ext4 or btrfs.

    Not encrypted. A run is whole when it is under ``runs``; the one under way is beside that, and
    goes on where it was when it is taken up again.
    """

    def __init__(self, place: Path) -> None:
        self.place, self._folder = str(place), place
        self._runs = place / "runs"

    def prepare(self) -> None:
        """Make the folder, and make sure that it can hold what homes are made of."""
        try:
            self._folder.mkdir(exist_ok=True)
            _try_out(self._folder)
            self._runs.mkdir(mode=0o700, exist_ok=True)
            (self._folder / MARK).write_text(_MARK_TEXT, "utf-8")
            shutil.rmtree(self._folder / _LEAVING, ignore_errors=True)
        except OSError as error:
            raise BackupError(
                f"{self._folder} cannot hold backups made by rsync ({error.strerror}): they need a "
                "disk with owners and hard links, such as one with ext4. For any other: "
                "sudo apt-get install restic"
            ) from None

    def take_up(self) -> None:
        """Do nothing: that is what happens by itself."""

    def runs(self) -> list[Run]:
        """List the folders."""
        named = ((moment(folder.name), folder) for folder in self._runs.glob("*Z"))
        return sorted(
            (_run(when, folder) for when, folder in named if when), key=lambda run: run.when
        )

    def index(self, run: Run) -> bytes:
        """Read the file, and compare it with its sum."""
        folder = self._tree(run)
        content = _read(folder / INDEX)
        if manifest.sum_of(os.fsencode(folder / INDEX)) != self._sums(run).get(INDEX.encode()):
            raise BackupError(f"{folder / INDEX} is damaged; take another run.")
        return content

    def save(self, stage: Stage, homes: int, hidden: Sequence[str], tell: Tell) -> Saved:
        """Copy what has changed, share the rest, sum up what was copied from the disk again."""
        runs = self.runs()
        before, when = (runs[-1] if runs else None), after(runs)
        unfinished = self._folder / _UNFINISHED
        (unfinished / _TREE).mkdir(mode=0o700, parents=True, exist_ok=True)
        options = [f"--exclude=/{path}" for path in hidden]
        if before:
            options.append(f"--link-dest={self._tree(before)}")
        source, target = f"{stage.root}/", f"{unfinished / _TREE}/"
        unread = stage.run(_copy, [*options, source, target], tell)
        added = self._sum_up(unfinished, before, tell)
        return Saved(self._finish(unfinished, when, homes), added, unread)

    def _sum_up(self, unfinished: Path, before: Run | None, tell: Tell) -> int:
        os.sync()  # what is read now shall come from the disk
        known = self._sums(before) if before else {}
        same = _sharing(unfinished / _TREE, self._tree(before)) if before else _nothing
        read = _Meter(lambda done: tell(done, 0))
        try:
            made = manifest.sums(unfinished / _TREE, known, same, read.add)
            manifest.write(unfinished / _SUMS, made)
        except OSError as error:
            raise BackupError(f"{error.filename or unfinished}: {error.strerror}.") from None
        return read.total

    def _finish(self, unfinished: Path, when: datetime, homes: int) -> Run:
        (unfinished / "run.json").write_text(json.dumps({"homes": homes}), "utf-8")
        run = Run(when, "", homes)
        os.sync()
        unfinished.rename(self._runs / run.name)
        os.sync()
        return _run(when, self._runs / run.name)

    def fetch(self, run: Run, parts: Sequence[str], stage: Stage) -> None:
        """Copy what differs, and compare the whole with the manifest."""
        wanted = self._sums(run)
        for part in parts:
            source, target = f"{self._tree(run) / part}/", f"{stage.root / part}/"
            unread = stage.run(_copy, [source, target])
            inside = _below(manifest.within(wanted, [part]), part)
            wrong = [*unread, *stage.run(manifest.faults, stage.root / part, inside)]
            if wrong:
                raise refused([part], run, list(map(ascii, wrong)))

    def verify(self, tell: Tell) -> None:
        """Read each file once, however many runs share it."""
        read = _Meter(lambda done: tell(done, 0))
        trusted: dict[tuple[int, int], str] = {}
        wrong = [fault for run in self.runs() for fault in self._faults(run, trusted, read)]
        if wrong:
            raise BackupError(
                f"{self.place} is damaged; not as they were when they were saved: {_some(wrong)}. "
                "Look after the disk, and make a new backup in another place."
            )

    def _faults(self, run: Run, trusted: "dict[tuple[int, int], str]", read: "_Meter") -> list[str]:
        wanted, tree = self._sums(run), self._tree(run)

        def is_trusted(path: bytes) -> bool:
            return trusted.get(_inode(tree, path)) == wanted[path]

        made = manifest.sums(tree, wanted, is_trusted, read.add)
        trusted.update((_inode(tree, path), value) for path, value in made.items())
        either = made.keys() | wanted.keys()
        wrong = sorted(path for path in either if made.get(path) != wanted.get(path))
        return [f"{run.name}/{os.fsdecode(path)}" for path in wrong]

    def keep(self, count: int) -> int:
        """Move a folder out of the runs, then remove it: broken off, it is no run any more."""
        old = self.runs()[:-count]
        for run in old:
            leaving = self._folder / _LEAVING
            Path(run.key).rename(leaving)
            shutil.rmtree(leaving)
        return len(old)

    def _tree(self, run: Run) -> Path:
        return Path(run.key) / _TREE

    def _sums(self, run: Run) -> dict[bytes, str]:
        return manifest.read(Path(run.key) / _SUMS)


class _Meter:
    def __init__(self, tell: Callable[[int], None]) -> None:
        self.total, self._tell = 0, tell

    def add(self, read: int) -> None:
        self.total += read
        self._tell(self.total)


def _run(when: datetime, folder: Path) -> Run:
    return Run(when, str(folder), json.loads(_read(folder / "run.json"))["homes"])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}.") from None


def _try_out(folder: Path) -> None:
    """Make what a copy of a home is made of, and remove it."""
    probe, link = folder / ".probe", folder / ".probe.link"
    try:
        probe.touch()
        os.chown(probe, 1000, 100)
        probe.chmod(0o640)
        link.unlink(missing_ok=True)
        link.hardlink_to(probe)
        if probe.stat().st_uid != 1000 or probe.stat().st_mode & 0o777 != 0o640:
            raise OSError(0, "it keeps no owners and modes")
    finally:
        probe.unlink(missing_ok=True)
        link.unlink(missing_ok=True)


def _copy(arguments: list[str], tell: Tell = lambda done, total: None) -> tuple[str, ...]:
    """Run rsync; return what it says it could not read."""

    def hear(line: str) -> None:
        for piece in line.split("\r"):
            match = _PROGRESS.match(piece)
            if match and match[2] != "0":
                done = int(match[1].replace(",", ""))
                tell(done, done * 100 // int(match[2]))

    code, errors = programs.run([*_COPY, *arguments], hear)
    said = [line for line in errors.splitlines() if line.startswith("rsync: ")]
    if NO_ROOM.search(errors):
        full = next(line for line in errors.splitlines() if NO_ROOM.search(line))
        raise BackupError(no_room(arguments[-1], full))
    if code not in (0, _INCOMPLETE, _VANISHED):
        raise BackupError(f"rsync to {arguments[-1]} failed: {(said or [last_line(errors)])[0]}.")
    lines = dict.fromkeys(line.partition("] ")[2] or line for line in said)
    return tuple(line for line in lines if "vanished" not in line) if code == _INCOMPLETE else ()


def _sharing(tree: Path, other: Path) -> Callable[[bytes], bool]:
    """Tell whether a path is the same file in both: rsync never writes into one that exists."""

    def same(path: bytes) -> bool:
        try:
            return _inode(tree, path) == _inode(other, path)
        except OSError:
            return False

    return same


def _nothing(path: bytes) -> bool:
    return False


def _inode(tree: Path, path: bytes) -> tuple[int, int]:
    status = os.lstat(os.fsencode(tree) + b"/" + path)
    return status.st_dev, status.st_ino


def _below(sums: manifest.Sums, part: str) -> dict[bytes, str]:
    return {path[len(part.encode()) + 1 :]: value for path, value in sums.items()}


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(map(repr, names[:5]))}{more}"
