"""Room on the disks of this machine, asked for before much is written."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.fields import format_size


def require(needs: Mapping[Path, int]) -> None:
    """
    Make sure that so many bytes fit into these folders, which may be on one disk.

    A folder that is not on this machine, such as that of an engine far away, is not asked.

    Raises:
        MachineError: they do not; the text names the folder, what is free and what is needed.
    """
    disks: dict[int, tuple[Path, int]] = {}
    for folder, need in needs.items():
        if folder.is_dir():
            disk = folder.stat().st_dev
            disks[disk] = (disks.get(disk, (folder, 0))[0], disks.get(disk, (folder, 0))[1] + need)
    for folder, need in disks.values():
        free = shutil.disk_usage(folder).free
        if free < need:
            raise MachineError(
                f"The disk of {folder} has {format_size(free)} free, and this needs about "
                f"{format_size(need)}; make room there, or choose another disk."
            )
