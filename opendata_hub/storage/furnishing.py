"""A home's first owner and files, by the shortest way there is."""

import os
from collections.abc import Mapping
from pathlib import Path

from opendata_hub import homes
from opendata_hub.engine import Engine, archive, lanes
from opendata_hub.errors import StorageError
from opendata_hub.storage import mountpoint


async def furnish(
    engine: Engine, container: str, files: Mapping[str, bytes], folder: Path | None
) -> None:
    """
    Hand a new home to its owner, with these files: welcome files by their path in the home.

    Through a container that mounts it, which works with every engine; or, where this process sees
    the home's folder and may, directly, which takes the engine a twentieth of a CPU-second less.

    Args:
        container: with the home at its place; it must not have been started.
        folder: the home's; None where only the container has it.

    Raises:
        EngineError, EngineUnreachable: what the engine said.
        StorageError: the folder cannot be filled.
    """
    if folder is not None and await lanes.run(lanes.CONTROL, _fill, folder, files):
        return
    top, name = homes.HOME.rsplit("/", 1)
    await engine.put(container, top, archive(files, homes.UID, homes.GID, folder=name))


def _fill(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Do it here; False where the folder is another machine's, or is not as a new home's is."""
    try:
        # An engine that maps users, or runs without root, has given it to somebody else.
        there = {entry.name for entry in folder.iterdir()}
        if os.geteuid() or folder.stat().st_uid or there - mountpoint.OURS:
            return False
    except OSError:
        return False
    try:
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        # The deepest first: in a folder that is theirs already, another server of the same user
        # could put a symlink in the place of what comes next.
        for entry in (*sorted(folder.rglob("*"), reverse=True), folder):
            entry.chmod(0o755 if entry.is_dir() else 0o644)
            os.chown(entry, homes.UID, homes.GID)
    except OSError as error:
        raise StorageError(f"The new home {folder} cannot be filled: {error.strerror}.") from error
    return True
