"""/etc/opendata-hub: hub.yaml and what it names, made where it is missing."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from opendata_hub import locks, places
from opendata_hub.errors import MachineError
from opendata_hub.fields import check, read_yaml
from opendata_hub.install.editing import Change, edited
from opendata_hub.machine import Say
from opendata_hub.settings import HubFile
from opendata_hub.settings.load import NAME
from opendata_hub.settings.naming import beside

PYTHON = "jupyterhub_config.py"


def file() -> Path:
    """The hub.yaml of an installed hub."""
    return places.CONFIG / NAME


def furnish(given: Path | None, has_disk: bool, say: Say) -> None:
    """
    Have hub.yaml, and what it names, where an installed hub has them.

    Args:
        given: the one to take; without it that which is there stays, else one that comes with us.
        has_disk: whether data have a disk of their own, on which homes shall be then.

    Raises:
        ConfigError: it has a fault, or cannot be changed as it has to be.
        MachineError: something cannot be written.
    """
    if given is None or given.resolve() == file():
        origin = file() if file().exists() else places.ASSETS / NAME
    else:
        origin = given
    raw = read_yaml(origin)
    asked = check(HubFile, raw, origin.name)
    try:
        places.CONFIG.mkdir(mode=0o755, parents=True, exist_ok=True)
        if origin.parent not in (places.CONFIG, places.ASSETS):
            for path in named(asked):
                if not path.is_absolute():
                    _copy(origin.parent / path, places.CONFIG / path, say)
        changes = list(_changes(asked, raw, origin.parent, has_disk, say))
        _write(edited(origin.read_text("utf-8"), changes), say)
        if not (places.CONFIG / PYTHON).exists():
            _copy(places.ASSETS / PYTHON, places.CONFIG / PYTHON, say)
    except OSError as error:
        where, why = error.filename or places.CONFIG, error.strerror or error  # of many: a list
        raise MachineError(f"{where} cannot be written: {why}.") from None


def named(asked: HubFile) -> Iterator[Path]:
    """Yield the paths, as they are written, of what a hub.yaml names and brings with it."""
    yield Path(PYTHON)
    yield from beside(asked)
    if isinstance(asked.images, Path):
        # Recipes lie beside a catalogue that has a folder of its own.
        alone = asked.images.parent == Path()
        yield from [asked.images, locks.beside(asked.images)] if alone else [asked.images.parent]


def _changes(asked: HubFile, raw: Any, folder: Path, has_disk: bool, say: Say) -> Iterator[Change]:
    if isinstance(asked.images, Path) and _is_stock(asked.images):
        yield Change(("images",), None)
    for name, dataset in asked.datasets.items():
        if found := _home_of_dataset(dataset.path, folder, say):
            entry = raw["datasets"][name]
            keys = ("datasets", name) if isinstance(entry, str) else ("datasets", name, "path")
            yield Change(keys, str(found))
    if asked.homes.welcome and _is_stock(asked.homes.welcome):
        _copy(places.ASSETS / asked.homes.welcome, places.CONFIG / asked.homes.welcome, say)
    yield from _homes(asked, raw, has_disk, say)


def _is_stock(path: Path) -> bool:
    """Whether it means what comes with us, as nothing else was brought."""
    is_ours = not path.is_absolute() and (places.ASSETS / path).exists()
    return is_ours and not (places.CONFIG / path).exists()


def _home_of_dataset(path: Path, folder: Path, say: Say) -> Path | None:
    """Return where a dataset of a relative path is from now on; None if it is where it is."""
    if path.expanduser().is_absolute() or (places.CONFIG / path).is_dir():
        return None
    if (folder / path).is_dir() and folder != places.ASSETS:
        return (folder / path).resolve()  # data are large: they stay
    if not (places.ASSETS / path).is_dir():
        return None
    _copy(places.ASSETS / path, places.DATA / path, say)
    return places.DATA / path


def _homes(asked: HubFile, raw: Any, has_disk: bool, say: Say) -> Iterator[Change]:
    written = raw.get("homes") or {}
    place = places.DATA / "homes"
    if has_disk and "storage" not in written:
        say(f"Homes are on the data disk, in {place}")
        yield Change(("homes", "path"), str(place))
        yield Change(("homes", "storage"), "btrfs")
    elif has_disk and asked.homes.storage == "volume":
        say("Homes are NOT on the data disk, as hub.yaml says homes.storage: volume")
    elif asked.homes.path and not asked.homes.path.expanduser().is_absolute():
        yield Change(("homes", "path"), str(places.DATA / asked.homes.path))


def _write(text: str, say: Say) -> None:
    target = file()
    before = target.read_text("utf-8") if target.exists() else None
    if before == text:
        return
    if before is not None:
        kept = target.with_name(f"{NAME}.{datetime.now(timezone.utc):%Y-%m-%dT%H-%M-%SZ}")
        say(f"The {NAME} that was there is {kept} now")
        shutil.copy2(target, kept)
    say(f"Writing {target}")
    draft = target.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text, "utf-8")
    draft.replace(target)


def _copy(origin: Path, target: Path, say: Say) -> None:
    """Bring a file or folder that is not so there yet; what is there and no more named stays."""
    if not origin.exists():
        return  # whoever reads hub.yaml says so, with the key
    if origin.is_file() and target.is_file() and origin.read_bytes() == target.read_bytes():
        return
    say(f"Writing {target}")
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, target, dirs_exist_ok=True)
    else:
        shutil.copy2(origin, target)
