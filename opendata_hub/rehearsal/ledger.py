"""What a rehearsal makes, written down before it is made, so that the next one can remove it."""

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opendata_hub.errors import RehearsalError

PREFIX = "rehearsal"
_NAME = re.compile(rf"{PREFIX}-[0-9a-f]{{8}}-\d{{2,}}")


def invent(count: int) -> list[str]:
    """Return names of students that nobody has: 32 of their bits are random."""
    run = secrets.token_hex(4)
    return [f"{PREFIX}-{run}-{number:02}" for number in range(1, count + 1)]


class Ledger:
    """
    The users that rehearsals on one hub have made and not removed yet.

    Only what is in it is ever removed: no name is guessed from a pattern.

    Args:
        file: where it is kept; its folder is made where it is missing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def held(self) -> Iterator[None]:
        """
        Keep other rehearsals away while this one lasts; the system lets go when its process ends.

        Raises:
            RehearsalError: another one is under way, or the file cannot be written.
        """
        lock = self._open_lock()
        try:
            _take(lock)
            yield
        finally:
            os.close(lock)

    def _open_lock(self) -> int:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._file.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise self._unusable(error) from None

    @property
    def users(self) -> list[str]:
        """Those who are still to be removed, in the order of their making."""
        try:
            found = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise self._unusable(error) from None
        return [user for user in found if _NAME.fullmatch(user)]

    def add(self, users: list[str]) -> None:
        """Write down users that are about to be made."""
        self._write([*self.users, *users])

    def strike(self, user: str) -> None:
        """Take out a user of whom nothing is left."""
        self._write([other for other in self.users if other != user])

    def _write(self, users: list[str]) -> None:
        new = self._file.with_suffix(".new")
        try:
            if users:
                new.write_text(json.dumps(users, indent=1), "utf-8")
                new.replace(self._file)  # at once: a killed rehearsal leaves no half file
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> RehearsalError:
        return RehearsalError(
            f"{self._file}, where rehearsals note what they make, cannot be used: {error}."
        )


def _take(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RehearsalError(
            "Another rehearsal on this hub is under way; wait until it has ended."
        ) from None
