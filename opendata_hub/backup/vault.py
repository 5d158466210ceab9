"""What keeps backups: one interface, whichever program is behind it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol

from opendata_hub.backup.stage import Stage
from opendata_hub.errors import BackupError

Tell = Callable[[int, int], None]
"""Takes how many bytes are done, of how many in all as far as anybody knows."""

INDEX = "opendata-hub.json"
"""The file of a tree that says what is in it."""

NO_ROOM = re.compile(r"no space left on device|quota exceeded", re.IGNORECASE)
"""What programs say where nothing more can be written."""

_SHOWN = 5  # files in a sentence
_NAME = "%Y-%m-%dT%H-%M-%SZ"


@dataclass(frozen=True)
class Run:
    """
    One whole backup.

    Attributes:
        when: it began, in UTC and whole seconds; no two of a vault began at the same one.
        key: what the vault knows it by.
        homes: how many are in it.
    """

    when: datetime
    key: str
    homes: int

    @property
    def name(self) -> str:
        """For people to read and to type: ``2026-11-22T03-00-07Z``."""
        return self.when.strftime(_NAME)


@dataclass(frozen=True)
class Saved:
    """
    How a backup went.

    Attributes:
        added: bytes that the vault has grown by.
        unread: what could not be read, in the words of the program; not what users deleted
            meanwhile.
    """

    run: Run
    added: int
    unread: tuple[str, ...] = ()


class Vault(Protocol):
    """
    A place with the backups of one hub.

    All methods raise ``BackupError``: what failed, where, and what to do.
    """

    place: str

    def prepare(self) -> None:
        """Make the place ready to be saved to."""
        ...

    def take_up(self) -> None:
        """Make use of what a run has brought before it was killed."""
        ...

    def runs(self) -> list[Run]:
        """List all whole ones, oldest first."""
        ...

    def index(self, run: Run) -> bytes:
        """Return the file :data:`INDEX` of a run."""
        ...

    def save(self, stage: Stage, homes: int, hidden: Sequence[str], tell: Tell) -> Saved:
        """
        Save the tree of a stage, and check that it has arrived.

        Args:
            homes: how many are in it.
            hidden: paths in the tree that are left out.
        """
        ...

    def fetch(self, run: Run, parts: Sequence[str], stage: Stage) -> None:
        """
        Bring folders of a run back into those of the same names in the stage, and check each file.

        Whatever else is in these goes. After an error they hold anything.
        """
        ...

    def verify(self, tell: Tell) -> None:
        """Read all that is in the place, and compare it with the sums taken when it came."""
        ...

    def keep(self, count: int) -> int:
        """Remove all runs but the last ones; return how many went."""
        ...


def refused(parts: Sequence[str], run: Run, said: Sequence[str]) -> BackupError:
    """
    Return the error of folders that did not come back.

    Args:
        said: what is wrong with them: files, or words of a program.
    """
    what = " and ".join(parts) if len(parts) < 3 else f"{len(parts)} folders"
    some = ", ".join(said[:_SHOWN]) + (f" and {len(said) - _SHOWN} more" * (len(said) > _SHOWN))
    if NO_ROOM.search(some):
        return BackupError(no_room(what, some))
    return BackupError(f"In the backup of {run.name}, {what} is damaged: {some}. Take another.")


def no_room(what: str, said: str) -> str:
    """Say that nothing more can be written."""
    return f"There is no room for {what} ({said}). Make room, or raise the quota; then do it again."


def after(runs: Sequence[Run]) -> datetime:
    """Return the moment of a run that begins now: later than all others, whatever clocks say."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return max([now, *(run.when + timedelta(seconds=1) for run in runs)])


def moment(name: str) -> datetime | None:
    """Return when a run of this name began; None for what is no such name."""
    try:
        return datetime.strptime(name, _NAME).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
