"""What ``opendata-hub start`` offers where homes shall be on btrfs, and no such disk is there."""

import os
import sys
from pathlib import Path

import click

from opendata_hub.errors import MachineError
from opendata_hub.fields import format_memory, parse_size
from opendata_hub.machine import Say, disk, own_command, packages
from opendata_hub.settings import Settings
from opendata_hub.settings.storage import is_missing_disk, is_used


def read_size(value: str) -> int:
    """
    Return the bytes of a size such as 50G.

    Raises:
        BadParameter: it is none, or is too small for a disk.
    """
    try:
        size = parse_size(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}; {error}.") from None
    if size < disk.SMALLEST:
        raise click.BadParameter(f"{value!r}; write {format_memory(disk.SMALLEST)} or more.")
    return size


def wanted(settings: Settings, size: int | None) -> tuple[Path, int] | None:
    """
    Return where a disk is to be made, and of how many bytes; None where none is needed.

    Args:
        size: bytes, as asked for; None to ask whoever sits at the terminal.

    Raises:
        MachineError: one is needed, and nobody is there to say yes.
    """
    place = settings.homes.path
    if place is None or not is_missing_disk(settings):
        return None
    if disk.file_of(place).exists():
        return place, size or 0
    if is_used(settings):
        raise MachineError(f"The disk with the homes is not mounted: mount {place}")
    if size is None and os.geteuid() == 0:
        size = _ask(place)
    return (place, size) if size else None


def prepare(settings: Settings, needed: tuple[Path, int] | None, say: Say) -> None:
    """
    Have the program for btrfs, where homes shall be on that, and the disk that is needed.

    Raises:
        MachineError: one cannot be had.
    """
    if settings.homes.storage == "btrfs":
        packages.ensure({"btrfs": "btrfs-progs"}, say)
    if needed:
        disk.make(*needed, say)


def _ask(place: Path) -> int:
    click.echo(f"Homes shall be on btrfs, and {place} is not.")
    suggested = format_memory(disk.suggested(place))
    if not sys.stdin.isatty():
        raise MachineError(
            "Mount a disk of btrfs there, or have one made in a file, mounted at each boot: "
            f"{own_command.disk(suggested)}"
        )
    file, room = disk.file_of(place), format_memory(disk.free(place))
    question = f"Make a disk of btrfs in the file {file}, mounted now and at each boot?"
    if not click.confirm(question, default=True):
        raise MachineError(f"Then mount one in {place}, or write another storage into hub.yaml.")
    size: int = click.prompt(
        f"How large? There is room for {room}", default=suggested, value_proc=read_size
    )
    return size
