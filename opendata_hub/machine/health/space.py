"""Room for a class: on the disks, and in memory."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from opendata_hub.fields import format_memory, format_size
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

LITTLE = 10 * 10**9
"""Bytes: less is worth a warning, as the next image may not fit."""

TOO_LITTLE = 2 * 10**9
"""Bytes: less is a fault, as people's work may not fit."""

OURSELVES = 2**30
"""Bytes of memory that are not for servers: hub, proxy, engine and the system have them."""

_MEND = "docker image prune, or give it a larger disk; look: df -h {}".format


def check_disks(places: Mapping[str, Path]) -> list[Finding]:
    """
    Look at each disk once.

    Args:
        places: folders by what is kept there; one that is not there is left out.
    """
    disks: dict[int, list[str]] = {}
    for what, path in places.items():
        if path.is_dir():
            disks.setdefault(path.stat().st_dev, []).append(what)
    return [
        judge_disk(_listed(whats), places[whats[0]], shutil.disk_usage(places[whats[0]]).free)
        for whats in disks.values()
    ]


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def judge_disk(what: str, path: Path, free: int) -> Finding:
    """
    Say whether a disk has room.

    Args:
        what: is kept there.
        path: where that is.
        free: bytes.
    """
    text = f"{format_size(free)} free in {path}, for {what}."
    if free < TOO_LITTLE:
        return fault("Disk", f"only {text}", _MEND(path))
    return warning("Disk", f"only {text}", _MEND(path)) if free < LITTLE else ok("Disk", text)


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def judge_memory(total: int, limit: int) -> Finding:
    """
    Say how many students fit when all of them use what they may.

    Args:
        total: bytes of the engine's machine.
        limit: bytes of a server, ``limits.memory``.
    """
    fit = max(total - OURSELVES, 0) // limit
    has, each = format_memory(total), format_memory(limit)
    if not fit:
        return warning(
            "Memory",
            f"{has}: no room for even one student who uses the full {each} of limits.memory.",
            "write a smaller limits.memory in hub.yaml, or take a larger machine",
        )
    who = "1 student who uses" if fit == 1 else f"{fit} students who all use"
    return ok("Memory", f"{has}: room for {who} the full {each} of limits.memory.")
