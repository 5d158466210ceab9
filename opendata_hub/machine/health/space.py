"""Room for a class: on the disks, and in memory."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from opendata_hub.fields import format_memory, format_size
from opendata_hub.machine.health.finding import Finding, fault, listed, ok, warning

LITTLE = 10 * 10**9
"""Bytes: less is worth a warning, as the next image may not fit."""

TOO_LITTLE = 2 * 10**9
"""Bytes: less is a fault, as people's work may not fit."""

_FEW, _TOO_FEW = 0.1, 0.02
"""Shares of the files that a file system can have at all: a notebook's packages are many."""

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
    found = (check_disk(listed(whats), places[whats[0]]) for whats in disks.values())
    return [finding for findings in found for finding in findings]


def check_disk(what: str, path: Path) -> Iterator[Finding]:
    """Look at one disk, for its room, its files and whether it can be written at all."""
    yield judge_disk(what, path, shutil.disk_usage(path).free)
    status = os.statvfs(path)
    if status.f_files:  # btrfs makes room for them as it needs it, and says 0
        yield from judge_files(what, path, status.f_favail / status.f_files)
    if status.f_flag & os.ST_RDONLY:
        yield judge_closed(what, path)


def judge_disk(what: str, path: Path, free: int) -> Finding:
    """
    Say whether a disk has room.

    Args:
        what: is kept there.
        path: where that is.
        free: bytes.
    """
    text = f"{format_size(free)} free in {path}, for {what}."
    mend = (_MEND if "images" in what else _MEND_HOMES)(path)
    if free < TOO_LITTLE:
        return fault("Disk", f"only {text}", mend)
    return warning("Disk", f"only {text}", mend) if free < LITTLE else ok("Disk", text)


def judge_files(what: str, path: Path, free: float) -> Iterator[Finding]:
    """
    Say whether a disk can take more files; nothing where it can.

    Args:
        free: share of those that it can have.
    """
    if free < _FEW:
        text = f"only {free:.0%} of the files that {path} can have are left, for {what}."
        fix = f"delete folders with many small files: sudo du --inodes -d 3 {path} | sort -n"
        yield (fault if free < _TOO_FEW else warning)("Disk", text, fix)


def judge_closed(what: str, path: Path) -> Finding:
    """Say that nothing can be written."""
    text = (
        f"{path}, for {what}, can only be read: that is how it was mounted, or the kernel has done "
        "it after an error of the disk."
    )
    return fault("Disk", text, "see which: sudo dmesg | grep -iE 'error|read-only'")


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def starting(total: int, limit: int, promised: int, reserve: int) -> int:
    """Return how many servers start; the arguments are those of :func:`judge_memory`."""
    return max(total - reserve, 0) // min(promised, limit)


def judge_classes(classes: Mapping[str, int], start: int) -> Iterator[Finding]:
    """
    Say which classes are larger than this machine.

    Args:
        classes: students by the name of a class.
        start: servers that start.
    """
    for name, students in classes.items():
        if students > start:
            text = (
                f"class {name} is larger than this machine: {students} are in it, and there is "
                f"memory for {start} at a time; the others wait in line."
            )
            fix = "take a larger machine, or write a smaller limits.guarantee in hub.yaml"
            yield warning("Memory", text, fix)


def judge_memory(total: int, limit: int, promised: int, reserve: int) -> Finding:
    """
    Say how many servers start, and how many students fit when all of them use what they may.

    Args:
        total: bytes of the engine's machine.
        limit: bytes of a server, ``limits.memory``.
        promised: bytes that must be there for one to start, ``limits.guarantee``.
        reserve: bytes for nobody, ``start.reserve``.
    """
    start, fit = starting(total, limit, promised, reserve), max(total - reserve, 0) // limit
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
