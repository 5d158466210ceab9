"""Datasets: can servers, which run as uid 1000, read them."""

import os
import shlex
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from opendata_hub.datasets import Dataset
from opendata_hub.homes import GID, UID
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_CLOSED = 3
_DISKS_OWN = "lost+found"  # in the root of a disk, for root only
# Only the folder itself and what is directly in it. What is above it does not count: the engine
# mounts the folder as root, and a server enters it from there.
_LOOK = f"""
test -r . && test -x . || exit {_CLOSED}
find . -maxdepth 1 ! -name {_DISKS_OWN} \\( ! -readable -o -type d ! -executable \\) -print -quit
"""


class Sight(Enum):
    """What a server sees of a folder."""

    OPEN = auto()
    CLOSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Seen:
    """
    A dataset, seen with a server's eyes.

    Attributes:
        folder: whether its names can be listed.
        closed: one thing directly in it that cannot be read; empty where all can.
    """

    folder: Sight
    closed: str = ""


def check(datasets: Mapping[str, Dataset]) -> Iterator[Finding]:
    """Look at each dataset, then judge."""
    for name, dataset in datasets.items():
        place = dataset.share.place
        yield judge(name, place, look(place)) if place else _absent(name)


def _absent(name: str) -> Finding:
    text = "it is not here yet, and servers start without it."
    return warning(f"Dataset {name}", text, f"opendata-hub data fetch {name}")


def look(path: Path) -> Seen:
    """See a folder as a server does; who is not root goes by owners and modes."""
    try:
        return _as_server(path) if os.geteuid() == 0 else _by_modes(path)
    except OSError:
        return Seen(Sight.UNKNOWN)


def _as_server(path: Path) -> Seen:
    seen = subprocess.run(
        ["sh", "-c", _LOOK],
        cwd=path,
        user=UID,
        group=GID,
        extra_groups=[],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if seen.returncode == _CLOSED:
        return Seen(Sight.CLOSED)
    return Seen(Sight.OPEN, seen.stdout.strip().removeprefix("./"))


def _by_modes(path: Path) -> Seen:
    if not may_read(path.stat()):
        return Seen(Sight.CLOSED)
    with os.scandir(path) as entries:
        closed = (e.name for e in entries if e.name != _DISKS_OWN and not may_read(e.stat()))
        return Seen(Sight.OPEN, next(closed, ""))


def may_read(status: os.stat_result) -> bool:
    """Whether a server may read a file, or list and enter a folder, by owner and mode."""
    wanted = 0o5 if stat.S_ISDIR(status.st_mode) else 0o4
    shift = 6 if status.st_uid == UID else 3 if status.st_gid == GID else 0
    return status.st_mode >> shift & wanted == wanted


def judge(name: str, path: Path, seen: Seen) -> Finding:
    """Say whether students can read a dataset."""
    name, quoted = f"Dataset {name}", shlex.quote(str(path))
    if seen.folder is Sight.UNKNOWN:
        text = f"whether servers can read {path} cannot be told from here."
        return warning(name, text, "run this command with sudo")
    if seen.folder is Sight.CLOSED:
        text = f"servers run as uid {UID}, and that may not read {path}."
        return fault(name, text, f"sudo chmod a+rx {quoted}")
    if seen.closed:
        text = f"servers run as uid {UID}, and that may not read '{seen.closed}' in {path}."
        return warning(name, text, f"sudo chmod -R a+rX {quoted}")
    return ok(name, f"servers can read {path}.")
