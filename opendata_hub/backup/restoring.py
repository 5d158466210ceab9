"""A hub brought back from a vault: onto an empty machine, or single homes beside those there."""

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opendata_hub import places
from opendata_hub.backup.contents import DATABASE, HUB, OUTSIDE, Index, SavedHome
from opendata_hub.backup.journal import Journal
from opendata_hub.backup.landing import landing
from opendata_hub.backup.settling import settle
from opendata_hub.backup.stage import Stage
from opendata_hub.backup.vault import Run, Tell, Vault
from opendata_hub.errors import BackupError
from opendata_hub.machine import ports
from opendata_hub.sentences import nearest
from opendata_hub.storage import Folders, Storage, identity, subvolumes

_AT_ONCE = 20  # homes; each call of restic takes half a second to begin with


@dataclass(frozen=True)
class Way:
    """From a run of a vault to the homes of a hub."""

    vault: Vault
    run: Run
    storage: Storage


@dataclass
class Restored:
    """
    What came back.

    Attributes:
        homes: users whose homes are back; with the name of the folder beside what was there.
        damaged: why a user's home is not.
        aside: files of the hub that were there and differ, by their new names.
        is_ended: whether there is a hub; not where homes are missing that nobody gave up.
    """

    homes: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    aside: list[Path] = field(default_factory=list)
    is_ended: bool = True


def restore(
    way: Way, index: Index, folder: Path, tell: Tell, without_damaged: bool = False
) -> Restored:
    """
    Bring a whole hub back; killed, it goes on where it was when it is called again.

    Homes come first, hub.yaml last: there is no hub before all is there.

    Args:
        folder: where hub.yaml goes.
        without_damaged: give up homes that do not come, else the next call tries them again.

    Raises:
        BackupError: a hub runs here, something is in the way, or the hub's own files are damaged
            in the backup.
    """
    journal = Journal(folder)
    if not journal.is_begun:
        _require_free(index, way.storage, folder)
    _require_storage(index, way.storage)
    journal.begin(way.run.name)
    restored = Restored()
    if not journal.is_fetched:
        with Stage() as stage:
            _fetch_hub(way, index, stage, journal.place)
            _fetch_homes(way, index, stage, journal, restored, tell)
        for user in restored.damaged:
            asyncio.run(way.storage.remove(user))
        restored.is_ended = without_damaged or not restored.damaged
    restored.homes = dict.fromkeys(journal.done, "")
    if restored.is_ended:
        restored.aside += _ended(way, index, folder, journal)
    return restored


def _ended(way: Way, index: Index, folder: Path, journal: Journal) -> list[Path]:
    """Make a hub of what has come."""
    os.sync()
    journal.set_fetched()
    if isinstance(way.storage, Folders) and index.identity:
        identity.give(way.storage.path, index.identity)
    aside = settle(journal.place / OUTSIDE, Path("/"), "")
    aside += settle(journal.place / HUB, folder, index.config)
    journal.end()
    return aside


def restore_homes(way: Way, index: Index, users: Sequence[str], tell: Tell) -> Restored:
    """
    Bring single homes back; the hub may run.

    One that is there stays, with a folder ``restored-<run>`` more in it; one that is not is made.

    Raises:
        BackupError: the backup has no home of such a user.
    """
    homes = [_home(index, user, way.run) for user in users]
    there = set(asyncio.run(_with_home(way.storage, users)))
    restored, meter = Restored(), _Meter(homes, tell)
    with Stage() as stage:
        for home in homes:
            try:
                restored.homes[home.user] = _land(way, home, home.user in there, stage)
            except BackupError as error:
                restored.damaged[home.user] = str(error)
            meter.add([home])
    for user in restored.damaged.keys() - there:
        asyncio.run(way.storage.remove(user))
    return restored


def _home(index: Index, user: str, run: Run) -> SavedHome:
    found = index.home(user)
    if found is None:
        users = [home.user for home in index.homes]
        raise BackupError(
            f"The backup of {run.name} has no home of {user!r}.{nearest(user, users)}"
        )
    return found


def _land(way: Way, home: SavedHome, is_there: bool, stage: Stage) -> str:
    folder = asyncio.run(_made(way.storage, home))
    with landing(stage, folder, f"restored-{way.run.name}") as place:
        stage.place(place.folder, home.part, writable=True)
        way.vault.fetch(way.run, [home.part], stage)
        if is_there:
            return place.settle_beside()
        place.settle_above()
    asyncio.run(way.storage.mark(home.user, home.deleted))
    return ""


async def _made(storage: Storage, home: SavedHome) -> Path:
    if not await storage.has(home.user):
        await storage.make(home.user)
    return await storage.folder(home.user)


def _require_storage(index: Index, storage: Storage) -> None:
    if not isinstance(storage, Folders):
        return
    if not storage.path.is_dir():
        raise BackupError(
            f"The homes belong into {storage.path}, which is not there: mount its disk, or make it."
        )
    if index.storage == "btrfs" and not subvolumes.is_btrfs(storage.path):
        raise BackupError(
            f"The homes belong into {storage.path}, which has to be on btrfs, and is not: mount "
            "its disk, or make one."
        )


def _require_free(index: Index, storage: Storage, folder: Path) -> None:
    if ports.is_listening(index.port):
        raise BackupError(
            f"A hub runs on this machine (port {index.port} is in use); stop it first. To bring "
            "back single homes while it runs: --only-homes USER"
        )
    named = [*([folder / index.config] if index.config else []), places.state(folder) / DATABASE]
    there = [str(path) for path in named if path.exists()]
    users = [home.user for home in index.homes]
    there += [f"the home of {user}" for user in asyncio.run(_with_home(storage, users))]
    if there:
        raise BackupError(
            f"A restore overwrites nothing, and there is already: {_some(there)}. Move that away, "
            "take another folder with --to, or bring back single homes with --only-homes."
        )


async def _with_home(storage: Storage, users: Iterable[str]) -> list[str]:
    return [user for user in users if await storage.has(user)]


def _fetch_hub(way: Way, index: Index, stage: Stage, place: Path) -> None:
    parts = [HUB, *([OUTSIDE] if index.has_outside else [])]
    for part in parts:
        (place / part).mkdir(mode=0o700, exist_ok=True)
        stage.place(place / part, part, writable=True)
    way.vault.fetch(way.run, parts, stage)


def _fetch_homes(
    way: Way, index: Index, stage: Stage, journal: Journal, restored: Restored, tell: Tell
) -> None:
    meter = _Meter(index.homes, tell)
    meter.add([home for home in index.homes if home.user in journal.done])
    waiting = [home for home in index.homes if home.user not in journal.done]
    for batch in (waiting[at : at + _AT_ONCE] for at in range(0, len(waiting), _AT_ONCE)):
        for home in batch:
            folder = asyncio.run(_made(way.storage, home))
            stage.place(folder, home.part, writable=True)
        whole = _fetched(way, batch, stage, restored.damaged)
        for home in whole:
            asyncio.run(way.storage.mark(home.user, home.deleted))
        journal.add([home.user for home in whole])
        meter.add(batch)


def _fetched(
    way: Way, batch: Sequence[SavedHome], stage: Stage, damaged: dict[str, str]
) -> list[SavedHome]:
    """Fetch homes, all at once or, where that fails, one by one; return those that are whole."""
    try:
        way.vault.fetch(way.run, [home.part for home in batch], stage)
    except BackupError as error:
        if len(batch) > 1:
            return [home for one in batch for home in _fetched(way, [one], stage, damaged)]
        damaged[batch[0].user] = str(error)
        return []
    return list(batch)


class _Meter:
    def __init__(self, homes: Sequence[SavedHome], tell: Tell) -> None:
        self._done, self._total = 0, sum(home.size for home in homes)
        self._tell = tell

    def add(self, homes: Sequence[SavedHome]) -> None:
        self._done += sum(home.size for home in homes)
        self._tell(self._done, self._total)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"
