"""A disk of btrfs in a file, for homes: made once, mounted now and at each boot."""

import os
import shutil
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.fields import format_memory
from opendata_hub.machine import Say, own_command, packages
from opendata_hub.machine.commands import run

FSTAB = Path("/etc/fstab")

SMALLEST = 2**30
"""Bytes; below this btrfs wastes half of a disk."""

_LEFT = 2**30  # bytes that stay free beside the file
_NOTE = "# homes of opendata-hub, made by ./start"


def file_of(place: Path) -> Path:
    """Return the file that holds, or would hold, the disk to be mounted in ``place``."""
    return place.with_name(f"{place.name}.btrfs")


def free(place: Path) -> int:
    """Bytes that the disk in the file could have at most."""
    above = next(folder for folder in place.parents if folder.is_dir())
    return max(0, shutil.disk_usage(above).free - _LEFT)


def suggested(place: Path) -> int:
    """Bytes of a sensible disk: half of what is free, in whole G."""
    return max(SMALLEST, free(place) // 2 // 2**30 * 2**30)


def make(place: Path, size: int, say: Say, fstab: Path = FSTAB) -> None:
    """
    Make the file, have it mounted in ``place`` at each boot, and mount it.

    What was broken off is taken up: a file that is there is mounted as it is.

    Args:
        place: a folder that is empty, or not there yet.
        size: bytes, all of which the file takes at once: else the disk below it might be full
            before it is.

    Raises:
        MachineError: this is not root, there is no room, something is in the way, or a step failed.
    """
    packages.ensure({"mkfs.btrfs": "btrfs-progs"}, say)
    if os.geteuid() != 0:
        raise MachineError(f"Making a disk for homes takes root: sudo {own_command.start()}")
    try:
        _clear(place)
        if not file_of(place).exists():
            _make_file(file_of(place), size, say)
        _note(fstab, place)
    except OSError as error:
        raise MachineError(f"{error.filename or place} cannot be made: {error.strerror}.") from None
    run(["mount", "--fstab", str(fstab), str(place)], say)
    place.chmod(0o700)  # students' files belong to uid 1000, which may be anybody on this machine
    say(f"Mounted it in {place}; {fstab} has it mounted at each boot")


def _clear(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise MachineError(
            f"There are files in {place}, which a disk mounted there would hide; move them away, "
            "or write another homes.path into hub.yaml."
        )


def _make_file(file: Path, size: int, say: Say) -> None:
    if size > free(file):
        raise MachineError(
            f"The disk of {file.parent} has room for {format_memory(free(file))} at most, and "
            f"{format_memory(size)} are asked for; make room there, or take a smaller size."
        )
    say(f"Making a disk of btrfs, {format_memory(size)}, in the file {file}")
    draft = file.with_name(f"{file.name}.new")
    try:
        with draft.open("wb") as content:
            draft.chmod(0o600)
            os.posix_fallocate(content.fileno(), 0, size)
        make = packages.find("mkfs.btrfs") or "mkfs.btrfs"
        run([make, "--quiet", "--nodiscard", str(draft)], say)
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)  # it has taken all its room
        raise


def _note(fstab: Path, place: Path) -> None:
    before = fstab.read_text("utf-8") if fstab.exists() else ""
    line = entry(file_of(place), place)
    if line in before.splitlines():
        return
    draft = fstab.with_name(f"{fstab.name}.opendata-hub")
    draft.write_text(f"{before.rstrip()}\n{_NOTE}\n{line}\n".lstrip(), "utf-8")
    draft.chmod(0o644)
    draft.replace(fstab)


def entry(file: Path, place: Path) -> str:
    """Return the line of ``/etc/fstab``; a boot goes on without the disk."""
    escaped = (str(path).replace("\\", "\\134").replace(" ", "\\040") for path in (file, place))
    # Without nodiscard the file would lose the room that it has taken, by and by.
    return f"{' '.join(escaped)} btrfs loop,noatime,nodiscard,nofail 0 0"
