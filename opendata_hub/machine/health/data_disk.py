"""Disks with data: is the one of this machine mounted, and do they keep what they are given."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from opendata_hub.machine import packages
from opendata_hub.machine.commands import output
from opendata_hub.machine.health.finding import Finding, fault, ok

_COUNT = re.compile(r"^\[(.+)\]\.(\w+)\s+(\d+)$", re.MULTILINE)


def judge_mount(unit: str, place: Path, is_mounted: bool) -> Finding:
    """
    Say whether the data disk is there.

    Args:
        unit: by which systemd mounts it at boot.
        place: where that is.
    """
    if is_mounted:
        return ok("Data disk", f"it is mounted in {place}.")
    text = f"it is not mounted in {place}: homes, datasets and the hub's own files are not here."
    return fault("Data disk", text, f"sudo systemctl start '{unit}'; if that fails: lsblk -f")


def check_errors(folders: Iterable[Path]) -> list[Finding]:
    """Ask btrfs once for each of its disks that these folders are on, then judge."""
    tables = dict.fromkeys(look(folder) for folder in folders if folder.is_dir())
    return [finding for table in tables for finding in judge_errors(table)]


def look(folder: Path) -> str:
    """Return what btrfs has counted on the disks of a folder; empty where that is not btrfs."""
    return output([packages.find("btrfs") or "btrfs", "device", "stats", str(folder)])


def judge_errors(table: str) -> Iterator[Finding]:
    """
    Say which disks have lost something; nothing where there is nothing to say.

    Args:
        table: the words of ``btrfs device stats``.
    """
    lost: dict[str, list[str]] = {}
    for device, what, number in _COUNT.findall(table):
        if int(number):
            lost.setdefault(device, []).append(f"{what} {number}")
    for device, errors in lost.items():
        text = f"{device} has lost something of what it was given ({', '.join(errors)})."
        fix = (
            "make a backup now, then see which files: sudo dmesg | grep -i btrfs. Once the disk is "
            f"replaced, or was only unplugged: sudo btrfs device stats --reset {device}"
        )
        yield fault("Data disk", text, fix)
