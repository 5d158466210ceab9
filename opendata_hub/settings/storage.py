"""hub.yaml -> the storage of homes, and whether the ground that it stands on is the right one."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from opendata_hub.engine import Engine
from opendata_hub.errors import ConfigError, StorageError
from opendata_hub.machine import own_command
from opendata_hub.settings.model import Settings
from opendata_hub.settings.state import State
from opendata_hub.storage import Storage, btrfs, identity, open_storage, subvolumes


class Places(NamedTuple):
    """Where the hub keeps homes, and kept them before: kinds, and paths that may be empty."""

    kind: str
    path: str
    identity: str = ""
    former: tuple[tuple[str, str], ...] = ()

    @property
    def here(self) -> tuple[str, str]:
        """Today's kind and path."""
        return self.kind, self.path


def open_homes(engine: Engine, settings: Settings) -> Storage:
    """Return the storage of hub.yaml, which has no homes where its folder is not what it was."""
    known, here = _known(settings), _here(settings)
    known_as = known.identity if known.here == here else ""
    return open_storage(engine, *here, known_as, State(settings.folder).snapshots)


def settle(settings: Settings) -> Places:
    """
    Take the storage of hub.yaml for the hub's, write down which it is, and set its quotas.

    Raises:
        ConfigError: there are faults, this is not root, or a file cannot be written.
        StorageError: the same of the folder with the homes.
    """
    path, known, here = settings.homes.path, _known(settings), _here(settings)
    if found := list(faults(settings)):
        raise ConfigError("\n".join(found))
    before = known.former if known.here == here else (*known.former, known.here)
    former = tuple(place for place in dict.fromkeys(before) if place not in (here, ("", "")))
    places = Places(*here, identity.adopt(path) if path else "", former)
    if places != known:
        _write(State(settings.folder).homes, places)
    if path and settings.homes.storage == btrfs.Btrfs.kind:
        _require_root()
        _limit_all(path, settings.homes.quota)
    return places


def _limit_all(path: Path, quota: int | None) -> None:
    try:
        btrfs.limit_all(path, quota)
    except StorageError as error:  # such as of a full disk, which must not keep its owners out
        click.echo(f"Some homes keep the quota that they have: {error}", err=True)


def faults(settings: Settings) -> Iterator[str]:
    """Yield what keeps this machine from having homes where hub.yaml says, a sentence each."""
    path, known = settings.homes.path, _known(settings)
    if path is None:
        return
    if is_missing_disk(settings):
        yield (
            f"homes.path is {str(path)!r}, which is not on btrfs; mount a disk of btrfs there, or "
            f"have one made in a file, such as by {own_command.disk('50G')}"
        )
    elif not path.is_dir():
        yield f"homes.path is {str(path)!r}, which is no folder; make it, or mount its disk."
    elif is_used(settings) and os.access(path, os.R_OK | os.X_OK):
        yield from _another(path, known.identity, State(settings.folder).homes)
    if settings.homes.storage == btrfs.Btrfs.kind and not shutil.which("btrfs"):
        yield "homes.storage is btrfs, which takes a program: sudo apt-get install btrfs-progs"


def is_missing_disk(settings: Settings) -> bool:
    """Whether homes shall be on btrfs, and their folder is not, or is not there."""
    path = settings.homes.path
    wanted = settings.homes.storage == btrfs.Btrfs.kind
    return bool(wanted and path and not (path.is_dir() and subvolumes.is_btrfs(path)))


def is_used(settings: Settings) -> bool:
    """Whether the hub has had homes in the folder of hub.yaml."""
    known = _known(settings)
    return bool(known.identity) and known.here == _here(settings)


def _another(path: Path, known: str, file: Path) -> Iterator[str]:
    try:
        identity.require(path, known)
    except StorageError as error:
        yield f"{error}. If it is right as it is: rm {file}"


def _require_root() -> None:
    if os.geteuid() != 0:
        raise ConfigError(
            f"homes.storage is btrfs: run the hub as root, as by sudo {own_command.start()}"
        )


def _here(settings: Settings) -> tuple[str, str]:
    return settings.homes.storage, str(settings.homes.path or "")


def _known(settings: Settings) -> Places:
    try:
        kept = json.loads(State(settings.folder).homes.read_text("utf-8"))
        former = tuple((str(kind), str(path)) for kind, path in kept["former"])
        return Places(**{**kept, "former": former})
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return Places("", "")


def _write(file: Path, places: Places) -> None:
    draft = file.with_suffix(".new")
    try:
        draft.write_text(json.dumps(places._asdict()), "utf-8")
        draft.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from None
