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

_MEND = "docker image prune, or give it a larger disk; look: df -h {}".format
_MEND_HOMES = "see who has most: opendata-hub homes list; or give it a larger disk: df -h {}".format


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
    mend = (_MEND_HOMES if what == "homes" else _MEND)(path)
    if free < TOO_LITTLE:
        return fault("Disk", f"only {text}", mend)
    return warning("Disk", f"only {text}", mend) if free < LITTLE else ok("Disk", text)


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def judge_memory(total: int, limit: int, promised: int, reserve: int) -> Finding:
    """
    Say how many servers start, and how many students fit when all of them use what they may.

    Args:
        total: bytes of the engine's machine.
        limit: bytes of a server, ``limits.memory``.
        promised: bytes that must be there for one to start, ``limits.guarantee``.
        reserve: bytes for nobody, ``start.reserve``.
    """
    room = max(total - reserve, 0)
    start, fit = room // min(promised, limit), room // limit
    has, each = format_memory(total), format_memory(min(promised, limit))
    if not start:
        return warning(
            "Memory",
            f"{has}: no server starts, as it is promised {each} and start.reserve is "
            f"{format_memory(reserve)}.",
            "write a smaller limits.guarantee in hub.yaml, or take a larger machine",
        )
    servers = "1 server starts" if start == 1 else f"{start} servers start"
    return ok(
        "Memory",
        f"{has}: {servers}, each promised {each}; room for {fit} that use the full "
        f"{format_memory(limit)} of limits.memory.",
    )
