"""What is known of each home in a folder: a small file beside the homes, out of users' reach."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from opendata_hub import homes
from opendata_hub.errors import StorageError

FOLDER = ".opendata-hub"


@dataclass(frozen=True)
class Record:
    """
    One home.

    Attributes:
        user: the real name, which that of the folder may only resemble.
        deleted: when the user was deleted, in ISO 8601; empty while there is one.
    """

    user: str
    deleted: str = ""

    @property
    def when(self) -> datetime | None:
        """When the user was deleted."""
        return datetime.fromisoformat(self.deleted) if self.deleted else None


class Records:
    """The records of the homes in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def write(self, record: Record) -> None:
        """Write one, whole or not at all, so that it is there after a power cut."""
        path = self._path(record.user)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")  # two servers may start at a time
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _flush(path.parent)

    def find(self, user: str) -> Record | None:
        """
        Return that of one user; None where there is none.

        Raises:
            StorageError: it is damaged.
        """
        path = self._path(user)
        return _read(path) if path.exists() else None

    def read(self) -> list[Record]:
        """
        All of them.

        Raises:
            StorageError: one is damaged.
        """
        return [_read(file) for file in sorted(self.folder.glob("*.json"))]

    def remove(self, user: str) -> None:
        """Forget a home."""
        self._path(user).unlink(missing_ok=True)

    def _path(self, user: str) -> Path:
        return self.folder / f"{homes.safe_name(user)}.json"


def _read(file: Path) -> Record:
    try:
        record = Record(**json.loads(file.read_text("utf-8")))
        if not (isinstance(record.user, str) and record.user and isinstance(record.deleted, str)):
            raise ValueError("no user")
        if record.when and not record.when.tzinfo:
            raise ValueError("a time without its zone")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise StorageError(
            f"{file} cannot be read ({error}), so nobody knows whose home it is of; bring it back "
            "from a backup, or write it anew."
        ) from None
    return record


def _flush(folder: Path) -> None:
    """Have a folder's entries on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
