"""A copy of the hub's database while the hub writes into it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from opendata_hub.errors import BackupError

_PATIENCE = 60  # seconds that the hub may be in the middle of a change


def copy(source: Path, target: Path) -> None:
    """
    Copy a database as it is at one moment, and check the copy.

    Raises:
        BackupError: it cannot be read, or is damaged.
    """
    address = f"{source.resolve().as_uri()}?mode=ro"
    target.touch(mode=0o600)
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as hub,
            closing(sqlite3.connect(target)) as ours,
        ):
            hub.backup(ours)
            said = [row[0] for row in ours.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}.") from None
    if said != ["ok"]:
        raise BackupError(f"{source} is damaged: {said[0]}; mend it, or bring back an older one.")
