"""What an operator supplies a spawner with, in traits: checked, and read where they are files."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from opendata_hub import catalogue as catalogues
from opendata_hub import locks
from opendata_hub.catalogue import Catalogue
from opendata_hub.datasets import Share
from opendata_hub.errors import ConfigError
from opendata_hub.fields import check
from opendata_hub.registries import Login, Registries


def catalogue(supplied: str | list[Any], lock: str = "") -> Catalogue:
    """
    Return the images, from the path of a YAML file or from the list itself.

    Args:
        lock: path of their lock; empty for the one beside the file.

    Raises:
        ConfigError: the file, the list or the lock is wrong.
    """
    if supplied == "":
        raise ConfigError(
            "OpenDataSpawner.catalogue is not set; give it the path of a catalogue, such as "
            "'catalogue.yaml', or a list of images."
        )
    digests = Path(lock) if lock else None
    if isinstance(supplied, str):
        path = Path(supplied)
        digests = digests or locks.beside(path)
        return _load(path, digests, _changed(path), _changed(digests))
    return catalogues.load(supplied, "OpenDataSpawner.catalogue", lock=digests)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=4)
def _load(path: Path, lock: Path, changed: int, locked: int) -> Catalogue:
    """Read the catalogue once per change of its files, not once per user."""
    return catalogues.load(path, lock=lock)


def datasets(supplied: Mapping[str, Any]) -> dict[str, Share]:
    """
    Return the datasets, from name to path or to an entry.

    Raises:
        ConfigError: an entry is wrong.
    """
    entries = {
        name: entry if isinstance(entry, dict) else {"path": entry}
        for name, entry in supplied.items()
    }
    return {
        name: check(Share, entry, f"OpenDataSpawner.datasets[{name!r}]")
        for name, entry in entries.items()
    }


def logins(supplied: Mapping[str, Any]) -> dict[str, Login]:
    """
    Return the logins of registries, by their hosts.

    Raises:
        ConfigError: one is wrong; the text holds no secret.
    """
    return check(Registries, {"registries": supplied}, "OpenDataSpawner").registries


def welcome_files(folder: str) -> dict[str, bytes]:
    """Files for a new home, relative path -> content; no folder, no files."""
    if not folder:
        return {}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }
