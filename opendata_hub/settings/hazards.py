"""What in a hub.yaml would give secrets, or other people's files, to students or passers-by."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from opendata_hub.machine import daemon
from opendata_hub.settings.model import HubFile
from opendata_hub.settings.state import State

_SECRET = ("secret", "password", "private_key", "passphrase")
"""How keys and traits end that hold one."""


def faults(file: HubFile, folder: Path) -> Iterator[str]:
    """
    Say which datasets are none: in them lies what no student may read.

    Args:
        folder: of hub.yaml.
    """
    for name, dataset in file.datasets.items():
        path = dataset.path.resolve()
        for inside, what in _closed(file, folder):
            if inside.resolve().is_relative_to(path):
                yield (
                    f"datasets.{name} is {str(dataset.path)!r}, in which {what}; write a folder "
                    "with data alone."
                )
                break


def _closed(file: HubFile, folder: Path) -> Iterator[tuple[Path, str]]:
    yield daemon.SOCKET, "the engine's socket is"
    yield State(folder).folder, "the hub keeps its secrets"
    if file.homes.path:
        yield file.homes.path, "everybody's homes are"
    if file.https.key:
        yield file.https.key, "the key of the hub's certificate is"


def open_secrets(file: Path, login: Mapping[str, Any]) -> str:
    """
    Say that a file with secrets is open to others; empty where it is not.

    Args:
        file: hub.yaml.
        login: its section of this name, as plain data.
    """
    named = next(_secrets(login, "login"), "")
    try:
        is_open = file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    except OSError:
        return ""
    if not named or not is_open:
        return ""
    return f"{file.name} holds {named}, and other users of this machine can read it."


def _secrets(entry: Mapping[str, Any], above: str) -> Iterator[str]:
    """Yield the keys that hold one."""
    for key, value in entry.items():
        if isinstance(value, Mapping):
            yield from _secrets(value, f"{above}.{key}")
        elif value and str(key).endswith(_SECRET):
            yield f"{above}.{key}"
