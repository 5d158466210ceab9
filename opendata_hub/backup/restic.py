"""Backups in a repository of restic: encrypted, compressed, here or far away."""

import errno
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from opendata_hub.backup import programs, walks
from opendata_hub.backup.programs import Hear, Outcome, last_line
from opendata_hub.backup.stage import Stage
from opendata_hub.backup.vault import INDEX, NO_ROOM, Run, Saved, Tell, after, refused
from opendata_hub.errors import BackupError

_TAG = "opendata-hub"
_UNREAD = 3  # exit code: saved, but for files that could not be read
_MISSING = re.compile(r"Is there a repository at|unable to open config file", re.IGNORECASE)
_WRONG = re.compile(r"wrong password|no key found", re.IGNORECASE)
_GONE = "no such file or directory"
_IGNORED = re.compile(r"ignoring error for (.*?): ")
_SPARSE = 2**20  # bytes; a smaller file is not worth a look for holes
_PARTS = {"data", "index", "keys", "locks", "snapshots"}


def is_half_made(folder: Path) -> bool:
    """Whether restic was ended while it made a repository here: there is nothing in it yet."""
    try:
        found = list(folder.iterdir())
    except OSError:  # it is not there, or for others
        return False
    within = [file for part in found if part.name != "keys" for file in part.rglob("*")]
    are_its = all(part.is_dir() and part.name in _PARTS for part in found)
    return bool(found) and are_its and not any(file.is_file() for file in within)


def _clear(folder: Path) -> None:
    for part in folder.iterdir():
        shutil.rmtree(part)


class Restic:
    """
    A repository: a folder, or an address as restic takes it.

    Args:
        place: such as ``/mnt/usb/hub`` or ``sftp:me@host:/hub``; what it needs besides, such as
            ``AWS_ACCESS_KEY_ID``, is in the environment.
        password: of the repository; None where the environment has it, as restic takes it.
    """

    def __init__(self, place: str, password: str | None) -> None:
        self.place, self._password = place, password

    def exists(self) -> bool:
        """Whether there is a repository; its password need not be known."""
        code, errors = self._run("cat", "config", "--no-lock")
        if not code or _WRONG.search(errors):
            return True
        if _MISSING.search(errors):
            return False
        raise self._failed(errors)

    def prepare(self) -> None:
        """Make the repository; where one is, take away the locks of processes that are gone."""
        code, errors = self._run("unlock")
        if code and not _MISSING.search(errors):
            raise self._failed(errors)
        if code:
            if is_half_made(Path(self.place)):
                _clear(Path(self.place))
            self._do("init", "--repository-version", "latest")

    def take_up(self) -> None:
        """Find the packs that it has sent; else they would be sent again."""
        # Only one backup of a hub runs at a time: what is locked still is by a process that nobody
        # has buried, which restic takes for a living one.
        self._do("unlock", "--remove-all")
        self._do("rebuild-index")

    def runs(self) -> list[Run]:
        """Ask for the snapshots that have our tag."""
        found = json.loads(self._asked("snapshots", "--json", "--tag", _TAG)) or []
        return sorted(map(_run, found), key=lambda run: run.when)

    def index(self, run: Run) -> bytes:
        """Read the file out of the snapshot."""
        return self._asked("dump", run.key, f"/{INDEX}").encode()

    def save(self, stage: Stage, homes: int, hidden: Sequence[str], tell: Tell) -> Saved:
        """Make a snapshot, and have the repository checked but for the content of its files."""
        when, said = after(self.runs()), list[dict[str, Any]]()
        options = [f"--exclude={stage.root / path}" for path in hidden]
        for tag in (_TAG, f"homes={homes}"):
            options.append(f"--tag={tag}")
        options += [f"--time={when:%Y-%m-%d %H:%M:%S}", "--json", "--", *_tops(stage)]
        outcome = stage.run(self._run, "backup", *options, hear=_follow(said, tell), at=stage.root)
        if outcome.code not in (0, _UNREAD) or not said:
            raise self._failed(outcome.errors)
        self._do("check")
        run = Run(when, str(said[-1]["snapshot_id"]), homes)
        return Saved(run, int(said[-1]["data_added"]), tuple(_unread(outcome.errors)))

    def fetch(self, run: Run, parts: Sequence[str], stage: Stage) -> None:
        """Write them anew, and let restic read what it wrote."""
        sparse = "--sparse" in self._asked("help", "restore")  # from version 0.15
        chosen = [f"--include=/{part}" for part in parts]
        for part in parts:
            stage.run(_empty, stage.root / part)
        target = ["--verify", *(["--sparse"] if sparse else []), f"--target={stage.root}"]
        code, errors = stage.run(self._run, "restore", run.key, *target, *chosen)
        if code:
            files = sorted(set(_IGNORED.findall(errors)))
            full = NO_ROOM.search(errors)
            raise refused(parts, run, [full[0]] if full else files or [last_line(errors)])
        for part in [] if sparse else parts:
            stage.run(_dig_holes, stage.root / part)

    def verify(self, tell: Tell) -> None:
        """Read all packs."""
        self._run("unlock")
        code, errors = self._run("check", "--read-data")
        if code:
            raise BackupError(
                f"{self.place} is damaged: {last_line(errors)}. Look after the disk, and make a "
                "new backup in another place; what can be saved of this one: "
                f"restic -r {self.place} check --read-data"
            )

    def keep(self, count: int) -> int:
        """Let restic forget, and remove what nothing needs any more."""
        before = len(self.runs())
        self._do("forget", "--tag", _TAG, "--group-by", "", "--keep-last", str(count), "--prune")
        return before - len(self.runs())

    def _do(self, *arguments: str) -> None:
        code, errors = self._run(*arguments)
        if code:
            raise self._failed(errors)

    def _asked(self, *arguments: str) -> str:
        lines: list[str] = []
        code, errors = self._run(*arguments, hear=lines.append)
        if code:
            raise self._failed(errors)
        return "\n".join(lines)

    def _run(
        self, *arguments: str, hear: Hear = lambda line: None, at: Path | None = None
    ) -> Outcome:
        variables = {"TZ": "UTC", "RESTIC_PROGRESS_FPS": "2"}
        if self._password is not None:
            variables["RESTIC_PASSWORD"] = self._password
        return programs.run(["restic", "--repo", self.place, *arguments], hear, at, variables)

    def _failed(self, errors: str) -> BackupError:
        if _WRONG.search(errors):
            return BackupError(
                f"{self.place} is encrypted with another password; give the right one: "
                "--password-file FILE"
            )
        if _MISSING.search(errors):
            return BackupError(f"{self.place} holds no backup.")
        return BackupError(f"restic, with {self.place}: {last_line(errors)}.")


def _run(snapshot: dict[str, Any]) -> Run:
    when = datetime.fromisoformat(re.sub(r"(\.\d+)?(Z|[+-]\d\d:\d\d)$", "", snapshot["time"]))
    homes = next((tag[6:] for tag in snapshot["tags"] if tag.startswith("homes=")), "0")
    return Run(when.replace(tzinfo=timezone.utc), snapshot["id"], int(homes))


def _tops(stage: Stage) -> list[str]:
    return sorted(stage.run(os.listdir, stage.root))


def _follow(said: list[dict[str, Any]], tell: Tell) -> Hear:
    def hear(line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            return
        if message.get("message_type") == "status":
            tell(message.get("bytes_done", 0), message.get("total_bytes", 0))
        elif message.get("message_type") == "summary":
            said.append(message)

    return hear


def _unread(errors: str) -> Iterator[str]:
    """Yield what could not be read, but for what was deleted meanwhile."""
    for line in errors.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if message.get("message_type") == "error":
            error = message.get("error") or {}
            if error.get("Err") != errno.ENOENT and _GONE not in str(error):
                yield f"{message.get('item')}: {_words(error)}"


def _words(error: dict[str, Any]) -> str:
    number = error.get("Err")
    return os.strerror(number) if isinstance(number, int) else str(error.get("message", error))


def _empty(folder: Path) -> None:
    """Restic writes over files, but not over links."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _dig_holes(folder: Path) -> None:
    """Give back the space of zeros, which older versions of restic write out."""
    for entry in walks.entries(os.fsencode(folder)):
        if entry.is_file and entry.status.st_size >= _SPARSE:
            subprocess.run([b"fallocate", b"--dig-holes", entry.path], check=False)
            os.utime(entry.path, ns=(entry.status.st_atime_ns, entry.status.st_mtime_ns))
