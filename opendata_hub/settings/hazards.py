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
    Say which datasets are none: what no student may read lies in them, or around them.

    Args:
        folder: of hub.yaml.
    """
    for name, dataset in file.datasets.items():
        path = dataset.path.resolve()
        for inside, what in _closed(file, folder):
            if where := _overlap(path, inside.resolve()):
                yield (
                    f"datasets.{name} is {str(dataset.path)!r}, {where} {what}; write a folder "
                    "with data alone."
                )
                break


def _overlap(path: Path, closed: Path) -> str:
    if closed.is_relative_to(path):
        return "in which"
    return f"inside {str(closed)!r}, where" if path.is_relative_to(closed) else ""


def _closed(file: HubFile, folder: Path) -> Iterator[tuple[Path, str]]:
    yield daemon.SOCKET, "the engine's socket is"
    yield State(folder).folder, "the hub keeps its secrets"
    yield file.homes.path or daemon.ROOT / "volumes", "everybody's homes are"
    yield daemon.ROOT, "the engine keeps everybody's files"
    if file.https.key:
        yield file.https.key, "the key of the hub's certificate is"
    if file.login.client_secret_file:
        yield folder / file.login.client_secret_file.expanduser(), "the login's secret is"
    for entry in file.registries.values():
        if entry.password_file:
            yield entry.password_file, "the password of a registry is"


def open_secrets(file: Path, login: Mapping[str, Any]) -> str:
    """
    Say that a file with secrets is open to others; empty where it is not.

    Args:
        file: hub.yaml.
        login: its section of this name, as plain data.
    """
    named = next(secrets(login, "login"), "")
    try:
        is_open = file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    except OSError:
        return ""
    if not named or not is_open:
        return ""
    return f"{file.name} holds {named}, and other users of this machine can read it."


def secrets(entry: Mapping[str, Any], above: str) -> Iterator[str]:
    """Yield the keys of a section, called ``above``, that hold a secret."""
    for key, value in entry.items():
        if isinstance(value, Mapping):
            yield from secrets(value, f"{above}.{key}")
        elif value and str(key).endswith(_SECRET):
            yield f"{above}.{key}"
