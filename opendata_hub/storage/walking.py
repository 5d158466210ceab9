"""All that lies in a home, seen without ever following a symlink, which may lead anywhere."""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_DEEPEST = 4096  # characters of a path; most programs know no longer ones


class Gone(FileNotFoundError):
    """What was here is not, or it is something else: the home is in use."""


@dataclass(frozen=True)
class Entry:
    """
    Something in a home; usable until the next one is asked for.

    Attributes:
        path: below the home; ``.`` is the home itself.
        status: of itself, whatever a symlink leads to.
        folder: descriptor of the folder that it is in.
    """

    path: str
    status: os.stat_result
    folder: int

    @property
    def kind(self) -> int:
        """What it is, as :func:`stat.S_IFMT` has it."""
        return stat.S_IFMT(self.status.st_mode)

    @property
    def name(self) -> str:
        """In its folder."""
        return self.path.rpartition("/")[2]

    def open(self) -> int:
        """
        Open a file, or a folder, to read it: a descriptor, which the caller closes.

        Raises:
            Gone: it is here no more.
            OSError: it cannot be opened.
        """
        flags = _FOLDER if self.kind == stat.S_IFDIR else _FILE
        try:
            number = os.open(self.name, flags, dir_fd=self.folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Gone(self.path) from error
        except OSError:
            if self._is_still_here():
                raise
            raise Gone(self.path) from None
        if not os.path.samestat(os.fstat(number), self.status):
            os.close(number)
            raise Gone(self.path)
        return number

    def _is_still_here(self) -> bool:
        try:
            now = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(now, self.status)

    def link(self) -> str:
        """Return where a symlink leads."""
        return os.readlink(self.name, dir_fd=self.folder)


def walk(home: Path) -> Generator[Entry, None, None]:
    """
    Yield the home itself, then all below it: by name, a folder before what is in it.

    What goes while one looks is left out.

    Raises:
        OSError: something cannot be looked at, or folders lie too deep in each other.
    """
    way: list[_Folder] = []
    try:
        way.append(_Folder(os.open(home, _FOLDER), ""))
        yield Entry(".", os.fstat(way[0].number), way[0].number)
        while way:
            if not way[-1].names:
                os.close(way.pop().number)
                continue
            entry = way[-1].next()
            if entry is None:
                continue
            yield entry
            if entry.kind == stat.S_IFDIR:
                with suppress(Gone):
                    way.append(_Folder(entry.open(), f"{entry.path}/"))
    finally:
        for folder in way:
            os.close(folder.number)


@dataclass
class _Folder:
    number: int
    above: str
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.names = sorted(os.listdir(self.number), reverse=True)  # noqa: PTH208  # by number
        except OSError:
            os.close(self.number)
            raise

    def next(self) -> Entry | None:
        name = self.names.pop()
        if len(self.above) > _DEEPEST:
            raise OSError(errno.ENAMETOOLONG, "Folders lie too deep in each other", self.above[:80])
        try:
            status = os.stat(name, dir_fd=self.number, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return Entry(self.above + name, status, self.number)
