"""What a server can write to, as the kernel tells it; engines tell it in as many ways as stores."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """
    One that a process sees.

    Attributes:
        number: its own.
        device: that of the whole file system; on Btrfs no file of it has this one.
        point: where it is seen.
        kind: of file system.
        writable: whether it can be written to.
        upper: folder that an overlay writes to, as whoever mounted it named it.
    """

    number: int
    device: int
    point: str
    kind: str
    writable: bool
    upper: Path | None


def parse(line: str) -> Mount:
    """
    Read one line of a ``mountinfo``, which proc(5) describes.

    Between fields is one blank; any other kind of space may be in the name of a folder.
    """
    head, _, tail = line.partition(" - ")
    number, _, device, _, point, options = head.split(" ")[:6]
    kind, _, more = tail.split(" ")
    settings = dict(one.partition("=")[::2] for one in more.split(","))
    upper = settings.get("upperdir") if kind == "overlay" else None
    return Mount(
        int(number),
        os.makedev(*map(int, device.split(":"))),
        _plain(point),
        kind,
        "rw" in options.split(",") and "ro" not in settings,
        Path(_plain(upper)) if upper else None,
    )


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)


def mounts(process: int | str) -> list[Mount]:
    """Return those that a process sees; none where it has ended."""
    with suppress(OSError):
        text = Path(f"/proc/{process}/mountinfo").read_text(errors="surrogateescape")
        return [parse(line) for line in text.split("\n") if line]
    return []


def layer_of(process: int) -> Path | None:
    """Return where a container with this first process writes outside of volumes, if it shows."""
    root = next((mount for mount in reversed(mounts(process)) if mount.point == "/"), None)
    if root is None:
        return None
    found = root.upper if root.kind == "overlay" else Path(f"/proc/{process}/root")
    # An engine short of words names the folder as seen from one of its own.
    return found if found and found.is_absolute() and found.is_dir() else None


def volumes(process: int, folder: Path) -> Iterator[Path]:
    """Yield what a process can write to, its root apart, that lies on the disk of a folder."""
    device = _device(folder)
    for mount in mounts(process):
        if mount.writable and mount.device == device and mount.point != "/":
            yield Path(f"/proc/{process}/root", mount.point.lstrip("/"))


def _device(folder: Path) -> int:
    handle = os.open(folder, os.O_PATH)
    try:
        said = Path(f"/proc/self/fdinfo/{handle}").read_text()
        number = int(said.partition("mnt_id:")[2].split()[0])
        own = (mount.device for mount in mounts("self") if mount.number == number)
        return next(own, os.fstat(handle).st_dev)
    finally:
        os.close(handle)
