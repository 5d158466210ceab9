"""The data disk of machines, which outlives them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_disk(folder: Path, size: str = "4G") -> Iterator[str]:
    """Have an empty disk that outlives machines; yield its device."""
    file = folder / "data.img"
    subprocess.run(["truncate", "--size", size, str(file)], check=True)
    found = subprocess.check_output(["losetup", "--find", "--show", str(file)], text=True).strip()
    try:
        yield found
    finally:
        subprocess.run(["losetup", "--detach", found], check=True)
        file.unlink()
