"""The folder of a dataset that is fetched: its versions, and what is on its way."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.datasets import CURRENT
from opendata_hub.errors import DataError
from opendata_hub.fetching import listing as listings
from opendata_hub.fetching.listing import Listing

_VERSIONS, _COMING = "versions", "coming"


@dataclass(frozen=True)
class Version:
    """
    A complete version.

    Attributes:
        folder: what servers see of it.
    """

    folder: Path

    @property
    def listing(self) -> Listing | None:
        """Its files, with the sums that they had when they came."""
        return listings.read(self.listing_file)

    @property
    def listing_file(self) -> Path:
        """Where that list is."""
        return self.folder.with_name(f"{self.folder.name}.json")

    @property
    def faults(self) -> list[str]:
        """Files that were damaged or missing when somebody last looked."""
        try:
            found = json.loads(self._faults_file.read_bytes())
        except (OSError, ValueError):
            return []
        return [str(name) for name in found] if isinstance(found, list) else []

    def note(self, faults: list[str]) -> None:
        """
        Keep what a look at it has found.

        Raises:
            OSError: the folder or the disk does not let us.
        """
        if faults == self.faults:
            return
        if faults:
            listings.keep(self._faults_file, faults)
        else:
            self._faults_file.unlink(missing_ok=True)

    @property
    def _faults_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.faults.json")

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.folder)
        for file in (self.listing_file, self._faults_file):
            file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Place:
    """
    The folder.

    Attributes:
        root: in it are ``current``, ``versions``, ``coming`` and ``list.json``.

    Raises:
        DataError: this user may not look into it, in all that says what is there.
    """

    root: Path

    @property
    def listing_file(self) -> Path:
        """The list of what it shall hold, once that is known."""
        return self.root / "list.json"

    @property
    def current(self) -> Version | None:
        """What new servers see."""
        folder = (self.root / CURRENT).resolve()
        with self._looked_into():
            return Version(folder) if folder.is_dir() else None

    @property
    def old(self) -> list[Version]:
        """Versions that only servers see which run since then; none where none is current."""
        current = self.current
        # Without that link, which somebody may have removed, any of them may be all there is.
        return [version for version in self._versions() if version != current] if current else []

    def _versions(self) -> list[Version]:
        with self._looked_into():
            found = _folders((self.root / _VERSIONS).resolve())
        return [Version(path) for path in found if path.name.isdecimal()]

    @property
    def swapped(self) -> float:
        """When the current version became that, in seconds since 1970; 0 where there is none."""
        try:
            return (self.root / CURRENT).lstat().st_mtime
        except FileNotFoundError:
            return 0.0

    def coming(self, digest: str) -> Path:
        """Where the files of a version are gathered: ``files`` for good ones, else ``parts``."""
        return self.root / _COMING / digest

    def nearby(self) -> list[Path]:
        """Folders of this disk in which files of a new version may lie already."""
        with self._looked_into():
            gathered = [path / "files" for path in _folders(self.root / _COMING)]
        return [*(version.folder for version in self._versions()), *gathered, self.root]

    @contextmanager
    def _looked_into(self) -> Iterator[None]:
        try:
            yield
        except PermissionError:
            raise DataError(
                f"This user may not look into {self.root}; run the command with sudo."
            ) from None
        except OSError as error:
            raise DataError(f"{self.root} cannot be read: {error.strerror}.") from None

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """
        Have the folder for oneself; it is made where it is missing.

        Raises:
            DataError: somebody else fetches into it, or it cannot be written.
        """
        lock = self._claim()
        try:
            yield
        finally:
            os.close(lock)

    def _claim(self) -> int:
        try:
            _make_folder(self.root)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataError(unwritable(self.root, error)) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise DataError(_unclaimed(self.root, error)) from None
        return lock

    def swap_in(self, digest: str, listing: Listing) -> None:
        """
        Make the gathered files the current version, at once and whole.

        Args:
            listing: of all of them, with their sums; each is on the disk already.

        Raises:
            OSError: the disk does not let us.
        """
        versions = self.root / _VERSIONS
        _make_folder(versions)
        number = max((int(version.folder.name) for version in self._versions()), default=0) + 1
        version = Version(versions / str(number))
        version.note([])  # of one of this number that somebody has removed by hand
        listings.write(version.listing_file, listing)
        gathered = self.coming(digest) / "files"
        _open_to_all(gathered)
        gathered.replace(version.folder)
        settle(versions)
        draft = self.root / f"{CURRENT}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(f"{_VERSIONS}/{number}")
        draft.replace(self.root / CURRENT)
        settle(self.root)
        shutil.rmtree(self.root / _COMING)


def _folders(above: Path) -> list[Path]:
    return [path for path in above.iterdir() if path.is_dir()] if above.is_dir() else []


def _make_folder(folder: Path) -> None:
    """Make a folder that everybody can enter, whatever this user's umask."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _open_to_all(folder: Path) -> None:
    """Let servers, which are nobody here, enter what came; and have all names on the disk."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o755)
        settle(Path(path))


def settle(path: Path) -> None:
    """Have the bytes of a file, or the names in a folder, on the disk, safe from a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unclaimed(folder: Path, error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return f"Another `opendata-hub data fetch` is at work in {folder}; wait until it ends."
    return unwritable(folder, error)


def unwritable(folder: Path, error: OSError) -> str:
    """Say that a folder cannot be written, and why."""
    if isinstance(error, PermissionError):
        return f"This user may not write to {folder}; run the command with sudo."
    return f"{folder} cannot be written: {error.strerror}."
