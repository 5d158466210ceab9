"""The data disk: what is on it, and that it is mounted where homes and data outlive the machine."""

import glob
import os
import time
from pathlib import Path

from opendata_hub import places
from opendata_hub.errors import MachineError
from opendata_hub.install import systemd
from opendata_hub.machine import Say, packages
from opendata_hub.machine.commands import output, probed, run

LABEL = "opendata-hub"
_NOTHING = 2  # what blkid ends with
PATIENCE = 300.0
"""Seconds in which a cloud's disk appears, which is attached after the machine has booted."""


def ensure(device: str, say: Say) -> None:
    """
    Mount a disk where data are, now and at each boot; format it if nothing at all is on it.

    Args:
        device: path, or a pattern such as ``/dev/disk/by-id/*data``.

    Raises:
        MachineError: it does not come, something else than btrfs is on it, or files are in the
            place where it would be mounted.
    """
    packages.ensure({"mkfs.btrfs": "btrfs-progs"}, say)
    mount(formatted(found(device, say, PATIENCE), say), say)


def formatted(disk: Path, say: Say) -> Path:
    """
    Return a disk with btrfs on it, which is made where nothing at all is.

    Raises:
        MachineError: something else is on it.
    """
    kind = content(disk)
    if not kind:
        say(f"Making btrfs on {disk}, which is blank")
        run([packages.find("mkfs.btrfs") or "mkfs.btrfs", "-q", "-L", LABEL, str(disk)], say)
    elif kind != "btrfs":
        raise MachineError(
            f"On {disk} is something already ({kind}), and nothing is formatted here that is not "
            f"blank. Name another disk, or, if all of it can go: sudo wipefs --all {disk}"
        )
    return disk


def found(device: str, say: Say, patience: float) -> Path:
    """
    Return the device that a path or pattern means, once it is there.

    Args:
        patience: seconds in which it has to appear.

    Raises:
        MachineError: it does not appear, or several fit.
    """
    end = time.monotonic() + patience
    while not (fitting := sorted({os.path.realpath(path) for path in glob.glob(device)})):  # noqa: PTH207
        if time.monotonic() > end:
            raise MachineError(
                f"There is no disk {device}; lsblk shows those that are there. A cloud's disk has "
                "to be attached to this machine."
            )
        say(f"  waiting for {device}")
        time.sleep(0.5)
    if len(fitting) > 1:
        raise MachineError(f"{device} fits several disks: {', '.join(fitting)}; name one.")
    disk = Path(fitting[0])
    if not disk.is_block_device():
        raise MachineError(f"{disk} is no disk; lsblk shows those that are there.")
    return disk


def content(disk: Path) -> str:
    """
    Say what is on a disk: ``btrfs``, ``ext4``, ``partitions, gpt``; empty if nothing is.

    Raises:
        MachineError: it cannot be known, so that it counts as full.
    """
    program = packages.find("blkid") or "blkid"
    code, said = probed([program, "--probe", "--output", "export", str(disk)])
    facts = dict(line.partition("=")[::2] for line in said.splitlines())
    if "TYPE" in facts:
        return facts["TYPE"]
    if "PTTYPE" in facts:
        return f"partitions, {facts['PTTYPE']}"
    if code != _NOTHING:
        raise MachineError(
            f"What is on {disk} cannot be told, so it is left alone. Look yourself: blkid -p {disk}"
        )
    return ""


def mount(disk: Path, say: Say) -> None:
    """
    Mount a disk of btrfs by its identity, which stays when its name changes.

    Raises:
        MachineError: another disk is there, or files are.
    """
    place = places.DATA
    identity = output([packages.find("blkid") or "blkid", "-s", "UUID", "-o", "value", str(disk)])
    if not identity.strip():
        raise MachineError(f"The btrfs on {disk} has no identity. Look yourself: blkid -p {disk}")
    known = output(["findmnt", "--noheadings", "--output", "UUID", "--mountpoint", str(place)])
    if known.strip() and known.strip() != identity.strip():
        raise MachineError(f"Another disk is mounted in {place}; name that one, or unmount it.")
    if not known.strip():
        _require_empty(place)
    name = systemd.mount_name(place)
    changed = systemd.write({name: unit(identity.strip(), place)}, say)
    if changed or not known.strip():
        say(f"Mounting {disk} in {place}, now and at each boot")
        systemd.enable(name, say)


def unit(identity: str, place: Path) -> str:
    """Return the text of the unit that mounts a disk; a boot goes on without it."""
    return "\n".join(
        [
            "# Made by `opendata-hub install --data-disk`.",
            "[Unit]",
            "Description=Data disk of opendata-hub",
            "",
            "[Mount]",
            f"What=/dev/disk/by-uuid/{identity}",
            f"Where={place}",
            "Type=btrfs",
            "Options=noatime,nofail",
            "",
            "[Install]",
            "WantedBy=local-fs.target",
            "",
        ]
    )


def _require_empty(place: Path) -> None:
    try:
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        is_empty = not any(place.iterdir())
    except OSError as error:
        raise MachineError(
            f"No disk can be mounted in {place}: {error.strerror}; mend that, or move it away."
        ) from None
    if not is_empty:
        raise MachineError(
            f"There are files in {place}, which a disk mounted there would hide. Move them away, "
            f"and onto the disk afterwards: sudo systemctl stop opendata-hub; sudo mv {place} "
            f"{place}.before"
        )
