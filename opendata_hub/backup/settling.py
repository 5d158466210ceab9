"""Files of a hub, brought back beside their places, put into them."""

import errno
import filecmp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from opendata_hub import places
from opendata_hub.backup.contents import STATE
from opendata_hub.errors import BackupError

ASIDE = ".before-restore"
"""Ends the name of a file that was in the place of one that was brought back."""


def settle(source: Path, folder: Path, last: str) -> list[Path]:
    """
    Move all that is in a folder into another one, ``last`` after everything else.

    What is there and differs is renamed, see :data:`ASIDE`. Broken off, it can be done again.

    Args:
        last: name of the file that makes a hub of the folder; empty where there is none.

    Returns:
        list: what was renamed, by its new name.

    Raises:
        BackupError: something cannot be written.
    """
    aside: list[Path] = []
    try:
        files = sorted(_files(source, source), key=lambda path: (path == Path(last), path))
        for path in files:
            _make_folders(source, folder, path.parent)
            aside += _put(source / path, _target(folder, path))
    except OSError as error:
        raise BackupError(f"{error.filename} cannot be written: {error.strerror}.") from None
    return aside


def _files(folder: Path, top: Path) -> Iterator[Path]:
    """Yield what is moved as one: files and links, and the folder with the hub's state."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        is_folder = entry.is_dir() and not entry.is_symlink()
        if is_folder and entry.relative_to(top) != Path(STATE):
            yield from _files(entry, top)
        else:
            yield entry.relative_to(top)


def _target(folder: Path, path: Path) -> Path:
    """Return where it goes: the state of an installed hub has a place of its own."""
    return places.state(folder) if path == Path(STATE) else folder / path


def _make_folders(source: Path, folder: Path, way: Path) -> None:
    for part in [*reversed(way.parents), way]:
        made = folder / part
        if not made.is_dir():
            made.mkdir()
            status = (source / part).stat()
            os.chown(made, status.st_uid, status.st_gid)
            made.chmod(status.st_mode & 0o7777)


def _put(file: Path, target: Path) -> Iterator[Path]:
    if os.path.lexists(target) and not _is_same(file, target):
        renamed = target.with_name(f"{target.name}{ASIDE}")
        target.rename(renamed)
        yield renamed
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _carry(file, target)


def _is_same(file: Path, target: Path) -> bool:
    plain = all(path.is_file() and not path.is_symlink() for path in (file, target))
    return plain and filecmp.cmp(file, target, shallow=False)


def _carry(file: Path, target: Path) -> None:
    """Move it to another file system: whole or not at all, with owner and mode."""
    draft = target.with_name(f"{target.name}.part")
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(file, draft, symlinks=True, copy_function=_copy)
        draft.replace(target)
        shutil.rmtree(file)
    else:
        _copy(str(file), str(draft))
        draft.replace(target)
        file.unlink()


def _copy(file: str, draft: str) -> None:
    shutil.copy2(file, draft, follow_symlinks=False)
    status = Path(file).lstat()
    os.chown(draft, status.st_uid, status.st_gid, follow_symlinks=False)
