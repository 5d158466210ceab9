"""A backup: the hub's own files, its database, and all homes, as one tree into a vault."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from opendata_hub.backup import contents, database, walks
from opendata_hub.backup.contents import DATABASE, HUB, OUTSIDE, STATE, Hub, Index, SavedHome
from opendata_hub.backup.sources import Source, reading
from opendata_hub.backup.stage import Stage
from opendata_hub.backup.vault import INDEX, Saved, Tell, Vault
from opendata_hub.errors import BackupError
from opendata_hub.storage import Folders, Home, Storage, identity

_SOFTWARE = ("opendata-hub", "jupyterhub")


@dataclass(frozen=True)
class Report:
    """
    What became of a backup.

    Attributes:
        files: in all homes.
        size: bytes of them.
        changed: files that were changed while they were copied, with their users.
    """

    saved: Saved
    homes: int
    files: int
    size: int
    changed: tuple[str, ...]


def save(
    hub: Hub, storage: Storage, found: Sequence[tuple[Home, Path]], vault: Vault, tell: Tell
) -> Report:
    """
    Save a hub, which may run.

    Args:
        found: all homes, see :func:`opendata_hub.backup.sources.live`.

    Raises:
        BackupError: it cannot be saved; no half run is taken for a whole one.
    """
    started = time.time()
    with (
        only_one(hub.state, vault.place) as was_killed,
        Stage() as stage,
        reading(storage, found) as sources,
    ):
        _require_outside(vault, hub, sources)
        vault.prepare()
        if was_killed:
            vault.take_up()
        _set(stage, hub)
        sources = [source for source in sources if _is_placed(stage, source)]
        stage.write(INDEX, _index(hub, storage, sources).model_dump_json().encode())
        saved = vault.save(stage, len(sources), contents.hidden(), tell)
        return _report(saved, sources, stage.run(_changed, stage, sources, started))


def _set(stage: Stage, hub: Hub) -> None:
    for name, path in hub.sources().items():
        stage.place(path, name)
    if (hub.state / DATABASE).exists():
        stage.run(database.copy, hub.state / DATABASE, stage.root / "copy")
        stage.place(stage.root / "copy", f"{HUB}/{STATE}/{DATABASE}")
        stage.run((stage.root / "copy").unlink)


def _is_placed(stage: Stage, source: Source) -> bool:
    """Show a home in the tree, unless somebody has removed it meanwhile."""
    try:
        stage.place(source.folder, contents.part_of(source.home.user))
    except BackupError:
        if source.folder.is_dir():
            raise
        return False
    return True


def _index(hub: Hub, storage: Storage, sources: Sequence[Source]) -> Index:
    path = storage.path if isinstance(storage, Folders) else None
    return Index(
        host=socket.gethostname(),
        software={name: version(name) for name in _SOFTWARE},
        folder=str(hub.folder),
        config=hub.config,
        port=hub.port,
        storage=storage.kind,
        path=str(path or ""),
        identity=identity.read(path) if path else "",
        homes=tuple(_saved_home(source) for source in sources),
        has_outside=any(name.startswith(f"{OUTSIDE}/") for name in hub.sources()),
        datasets=dict(hub.datasets),
        images=tuple(hub.images),
    )


def _saved_home(source: Source) -> SavedHome:
    home, count = source.home, source.count
    return SavedHome(user=home.user, deleted=home.deleted, files=count.files, size=count.size)


def _changed(stage: Stage, sources: Sequence[Source], since: float) -> list[str]:
    """Look at the homes that were not frozen, where no link leads astray."""
    return [
        f"{source.home.user}: {path}"
        for source in sources
        if not source.is_frozen
        for path in walks.changed(stage.root / contents.part_of(source.home.user), since)
    ]


def _report(saved: Saved, sources: Sequence[Source], changed: list[str]) -> Report:
    files = sum(source.count.files for source in sources)
    size = sum(source.count.size for source in sources)
    return Report(saved, len(sources), files, size, tuple(changed))


def _require_outside(vault: Vault, hub: Hub, sources: Sequence[Source]) -> None:
    """Refuse a place within what is saved: it would hold itself."""
    saved = [*hub.sources().values(), *(source.folder for source in sources)]
    place = Path(vault.place).resolve()
    for folder in saved:
        if place == folder.resolve() or folder.resolve() in place.parents:
            raise BackupError(
                f"{vault.place} is within {folder}, which is saved; take another place."
            )


@contextmanager
def only_one(state: Path, place: str) -> Iterator[bool]:
    """
    Keep other backups of this hub away meanwhile; tell whether the last one was killed.

    Raises:
        BackupError: another one is under way, or the hub's folder cannot be written.
    """
    file = state / "backup.lock"
    try:
        state.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        was_killed = os.pread(lock, 4096, 0).decode() == place
        os.pwrite(lock, place.encode(), 0)
        os.ftruncate(lock, len(place.encode()))
        yield was_killed
        os.ftruncate(lock, 0)
    except BlockingIOError:
        raise BackupError(
            "Another backup of this hub is under way; wait until it has ended."
        ) from None
    finally:
        os.close(lock)
