"""Which folder it is that holds homes: a disk that is not mounted leaves another, empty one."""

import secrets
from pathlib import Path

from opendata_hub.errors import StorageError
from opendata_hub.storage.records import FOLDER

_FILE = "identity"


def adopt(path: Path) -> str:
    """
    Return the identity of a folder; one that has none gets one.

    Raises:
        StorageError: it cannot be written.
    """
    file = path / FOLDER / _FILE
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        if not read(path):
            file.write_text(secrets.token_hex(16), "utf-8")
        return file.read_text("utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.") from None


def give(path: Path, identity: str) -> None:
    """
    Let a folder be the one with this identity: its homes were brought back from a backup.

    Raises:
        StorageError: it cannot be written.
    """
    file = path / FOLDER / _FILE
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(identity, "utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.") from None


def read(path: Path) -> str:
    """Return the identity of a folder; empty where it has none, or is not there."""
    try:
        return (path / FOLDER / _FILE).read_text("utf-8")
    except OSError:
        return ""


def require(path: Path, identity: str) -> None:
    """
    Make sure that a folder is the one with this identity.

    Raises:
        StorageError: it is another one.
    """
    if identity != read(path):
        raise StorageError(
            f"{path} is not the folder with the homes that it was; if they are on a disk or a "
            f"share, that is not mounted: mount {path}"
        )
