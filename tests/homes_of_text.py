"""Homes with files of known content, and whether a state of them is whole."""

import os
import tarfile
from pathlib import Path

from opendata_hub import homes
from opendata_hub.storage import Storage
from opendata_hub.storage.snapshots import FOLDER

FILES = 20


async def furnished(storage: Storage, user: str) -> Path:
    """Make a home with files, which belong to its user."""
    await storage.make(user)
    home = await storage.folder(user)
    for number in range(FILES):
        (home / f"{number}.txt").write_text(content(user, number))
        os.chown(home / f"{number}.txt", homes.UID, homes.GID)
    os.chown(home, homes.UID, homes.GID)
    return home


def content(user: str, number: int) -> str:
    """What a user's file has in it."""
    return f"{user}'s file {number}\n" * 100


def is_whole(state: Path, user: str) -> bool:
    """Whether every file of a user's first ones is there, byte for byte."""
    names = {f"{number}.txt": content(user, number) for number in range(FILES)}
    if state.is_dir():
        return all((state / name).read_text() == text for name, text in names.items())
    with tarfile.open(state) as archive:
        found = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        return all(found[f"./{name}"].read().decode() == text for name, text in names.items())


def seen(path: Path) -> list[tuple[Path, str]]:
    """All states that users see."""
    folders = [one for one in (path / FOLDER).glob("*") if not one.name.startswith(".")]
    return [(state, folder.name) for folder in folders for state in folder.iterdir()]
