"""A home brought back beside the one that is there, where its user may be at work."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from opendata_hub.backup.stage import Stage
from opendata_hub.errors import BackupError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_INSIDE = "home"


@dataclass
class Landing:
    """
    A folder in a home that only root can enter, until it is whole.

    Attributes:
        folder: where the files go; by number, so that whatever the user renames leads nowhere.
    """

    folder: Path
    _name: str
    _home: int
    _part: int
    _inside: int

    def settle_beside(self) -> str:
        """
        Hand the files to the user in a folder of their own, and return its name in the home.

        One of that name that is there already stays, and the new one gets a number.
        """
        name = next(filter(self._claim, self._names()))
        os.rename(_INSIDE, name, src_dir_fd=self._part, dst_dir_fd=self._home)
        os.rmdir(_part_of(self._name), dir_fd=self._home)
        return name

    def settle_above(self) -> None:
        """Make the files those of the home itself, which has none, and its owner theirs."""
        for name in os.listdir(self._inside):  # noqa: PTH208  # by number
            os.rename(name, name, src_dir_fd=self._inside, dst_dir_fd=self._home)
        status = os.fstat(self._inside)
        os.rmdir(_INSIDE, dir_fd=self._part)
        os.rmdir(_part_of(self._name), dir_fd=self._home)
        os.fchown(self._home, status.st_uid, status.st_gid)
        os.fchmod(self._home, stat.S_IMODE(status.st_mode))

    def _names(self) -> Iterator[str]:
        yield self._name
        yield from (f"{self._name}-{number}" for number in count(2))

    def _claim(self, name: str) -> bool:
        """Make an empty folder, which the files then take the place of."""
        try:
            os.mkdir(name, 0o700, dir_fd=self._home)
        except FileExistsError:
            return False
        return True


@contextmanager
def landing(stage: Stage, home: Path, name: str) -> Iterator[Landing]:
    """
    Make a place in a home for files that come back, or find that of a restore that was killed.

    Args:
        stage: that the folder of the landing is to be placed in.
        name: of the folder that they shall be in.

    Raises:
        BackupError: the home takes no more, or something else is in the way.
    """
    numbers: list[int] = []
    try:
        numbers.append(stage.run(os.open, home, _FOLDER))  # a number of its own mounts
        numbers.append(_entered(_part_of(name), numbers[0], 0o700))
        numbers.append(_entered(_INSIDE, numbers[1]))
        yield Landing(Path(f"/proc/self/fd/{numbers[2]}"), name, *numbers)
    except BackupError:  # what has come is damaged
        shutil.rmtree(f"/proc/self/fd/{numbers[0]}/{_part_of(name)}", ignore_errors=True)
        raise
    except OSError as error:
        raise BackupError(f"Nothing can be put into {home}: {error.strerror}.") from None
    finally:
        for number in numbers:
            os.close(number)


def _part_of(name: str) -> str:
    return f".{name}.part"


def _entered(name: str, folder: int, mode: int = 0o755) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=folder)
    number = os.open(name, _FOLDER, dir_fd=folder)
    return number
