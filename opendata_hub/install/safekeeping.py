"""Database, settings and secrets as they were before an upgrade; homes are not in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from opendata_hub import places
from opendata_hub.backup import database
from opendata_hub.errors import BackupError, MachineError
from opendata_hub.machine import Say
from opendata_hub.settings.state import State

KEPT = 5
"""Copies that stay."""

_LEFT_OUT = ("snapshots", "preview", "*.sqlite*", "*.sock", "backup.lock", "proxy.pid")


def keep(state: State, version: str, say: Say) -> Path:
    """
    Copy it all, of a hub that may run; return the folder with the copy, for root only.

    Raises:
        MachineError: it cannot be copied.
    """
    above = places.DATA / "backups"
    folder = above / f"{datetime.now(timezone.utc):%Y-%m-%dT%H-%M-%SZ}-{version}"
    say(f"Copying database, settings and secrets to {folder}")
    try:
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        with _whole(folder):
            shutil.copytree(places.CONFIG, folder / "etc", symlinks=True)
            left_out = shutil.ignore_patterns(*_LEFT_OUT)
            shutil.copytree(state.folder, folder / "hub", symlinks=True, ignore=left_out)
            keep_database(folder, state)
        for old in sorted(path for path in above.iterdir() if path.is_dir())[:-KEPT]:
            shutil.rmtree(old)
    except OSError as error:
        raise MachineError(f"{folder} cannot be made: {error}.") from None
    return folder


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Leave no half of a copy, which would count as one of those that stay."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def keep_database(folder: Path, state: State) -> None:
    """
    Have the database as it is now in a copy, which keeps an earlier one until then.

    Raises:
        MachineError: it is damaged, or cannot be copied.
    """
    target = folder / "hub" / state.database_file.name
    draft = target.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        if state.database_file.exists():
            database.copy(state.database_file, draft)
            draft.replace(target)
    except (BackupError, OSError) as error:
        raise MachineError(str(error)) from None


def bring_back(folder: Path, state: State, say: Say) -> None:
    """
    Have the hub, which does not run, have the database of a copy again.

    Raises:
        MachineError: it cannot be written.
    """
    kept, place = folder / "hub" / state.database_file.name, state.database_file
    if not kept.exists():
        return
    say(f"Bringing the database back from {folder}")
    draft = place.with_suffix(".back")
    try:
        shutil.copy2(kept, draft)
        for part in ("wal", "shm", "journal"):  # of the other one: they would be taken for its own
            place.with_name(f"{place.name}-{part}").unlink(missing_ok=True)
        draft.replace(place)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise MachineError(f"{place} cannot be written: {error.strerror}.") from None
