"""What a move of homes has done so far, written down before and after: it may be killed."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from opendata_hub.errors import StorageError

_PATIENCE = 20.0  # seconds; rsync outlives a killed move by a moment
_LOOK_AGAIN = 0.1


@dataclass(frozen=True)
class Carried:
    """
    How far a home is.

    Attributes:
        home: mark of the home when it was copied; empty while it is under way.
        copy: mark of the copy when it was found to be the same.
    """

    home: str = ""
    copy: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether the copy was found to be the same."""
        return bool(self.copy)


class Move:
    """
    One move, from one storage to another.

    Args:
        file: where it is written down, for this way alone; it goes when the move has ended.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.carried: dict[str, Carried] = {}
        self.lock = -1

    @contextmanager
    def held(self) -> Iterator["Move"]:
        """
        Take up the move where it was left; keep others away until this process ends.

        Raises:
            StorageError: another one is under way, or the file cannot be used.
        """
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock = os.open(self._file.with_name("lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            _take(self.lock)
            self.carried = self._read()
            yield self
        finally:
            os.close(self.lock)

    def _read(self) -> dict[str, Carried]:
        try:
            found = json.loads(self._file.read_text("utf-8"))
            return {user: Carried(**marks) for user, marks in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._unusable(error) from None

    def note(self, user: str, carried: Carried) -> None:
        """Write down how far a home is."""
        self.carried[user] = carried
        content = {user: asdict(marks) for user, marks in self.carried.items()}
        new = self._file.with_suffix(".new")
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            raise self._unusable(error) from None

    def end(self) -> None:
        """Forget it: from now on the copies are the homes."""
        self._file.unlink(missing_ok=True)

    def _unusable(self, error: Exception) -> StorageError:
        return StorageError(
            f"{self._file}, where a move of homes notes what it does, cannot be used: {error}."
        )


def _take(lock: int) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(_LOOK_AGAIN)
                continue
            raise StorageError(
                "Another move of homes is under way; wait until it has ended."
            ) from None
        return
