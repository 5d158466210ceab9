"""From what people type to a vault."""

import re
from pathlib import Path

from opendata_hub.backup.plain import MARK, Plain
from opendata_hub.backup.restic import Restic, is_half_made
from opendata_hub.errors import BackupError
from opendata_hub.machine import packages

_FAR = re.compile(r"(sftp|s3|rest|b2|azure|gs|swift|rclone):.+")
_GET_RESTIC = "sudo apt-get install restic"


def is_encrypted(place: str) -> bool:
    """
    Whether a place has, or would get, a repository of restic.

    Args:
        place: a folder, which need not exist, or an address as restic takes it.

    Raises:
        BackupError: it holds something else, or what it takes is not installed.
    """
    restic = packages.find("restic")
    if _FAR.fullmatch(place):
        if not restic:
            raise BackupError(f"{place} takes restic: {_GET_RESTIC}")
        return True
    folder = Path(place)
    if _is_repository(folder) or is_half_made(folder):
        if not restic:
            raise BackupError(f"{place} is a repository of restic; install it: {_GET_RESTIC}")
        return True
    if (folder / MARK).is_file():
        _require_rsync(f"{place} was made by rsync; install it")
        return False
    _require_new(folder)
    if not restic:
        _require_rsync(f"A backup takes restic ({_GET_RESTIC}) or rsync")
    return bool(restic)


def exists(place: str, password: str | None) -> bool:
    """
    Whether there is a backup in a place.

    Raises:
        BackupError: that cannot be told; see :func:`is_encrypted`.
    """
    if _FAR.fullmatch(place):
        return Restic(place, password or "unknown").exists()
    return _is_repository(Path(place)) or (Path(place) / MARK).is_file()


def open_vault(place: str, password: str | None) -> Restic | Plain:
    """
    Return the vault of a place; where none is, the one that there will be.

    Args:
        password: see :class:`~opendata_hub.backup.restic.Restic`.

    Raises:
        BackupError: see :func:`is_encrypted`.
    """
    if is_encrypted(place):
        return Restic(place if _FAR.fullmatch(place) else str(Path(place).resolve()), password)
    return Plain(Path(place).resolve())


def _is_repository(folder: Path) -> bool:
    return (folder / "config").is_file() and (folder / "keys").is_dir()


def _require_new(folder: Path) -> None:
    if not folder.parent.is_dir():
        raise BackupError(
            f"{folder} has no folder above it; is its disk mounted? Else make it: mkdir -p {folder}"
        )
    try:
        is_empty = not folder.exists() or not any(folder.iterdir())
    except OSError as error:
        raise BackupError(f"{folder} cannot be used: {error.strerror}.") from None
    if not is_empty:
        raise BackupError(
            f"{folder} holds other things, and no backup; name a folder that is empty or not there "
            f"yet, such as {folder / 'opendata-hub'}"
        )


def _require_rsync(reason: str) -> None:
    if not packages.find("rsync"):
        raise BackupError(f"{reason}: sudo apt-get install rsync")
