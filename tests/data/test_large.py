"""A file that is larger than the memory, and than what fits into 32 bits."""

import resource
import subprocess
import sys
from pathlib import Path

from opendata_hub.datasets import Dataset
from opendata_hub.fetching import planning
from tests.data.conftest import Hub
from tests.data.server import Server

SIZE = 10 * 2**30
HERE = SIZE - 2**26  # the rest comes from the server
MEMORY = 2**31


def test_ten_gigabytes_go_on_in_little_memory(hub: Hub, server: Server, disk: Path) -> None:
    """What lies here is read, the rest is asked for, and zeros take no room on the disk."""
    (disk / "served").touch()
    with (disk / "served").open("r+b") as stream:
        stream.truncate(SIZE)
    server.serve("events.root", disk / "served")
    entry = {"url": f"{server.url}/events.root", "adler32": zeros(SIZE), "size": SIZE}
    cms = {"files": [entry], "path": str(disk / "cms")}
    hub.declare(cms=cms)
    leave_part(Dataset.model_validate(cms))

    program = Path(sys.executable).with_name("opendata-hub")
    done = subprocess.run(
        [program, "data", "fetch", "--config", hub.folder / "hub.yaml"],
        capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip

    found = (disk / "cms" / "current" / "events.root").stat()
    assert done.returncode == 0, done.stderr
    assert server.gets("events.root") == [f"bytes={HERE}-"]
    assert found.st_size == SIZE
    assert found.st_blocks * 512 < 2**20


def zeros(size: int) -> str:
    """The adler32 of so many zeros."""
    return f"{size % 65521:04x}0001"


def leave_part(dataset: Dataset) -> None:
    """Leave what a fetch leaves that was broken off."""
    order = planning.plan("cms", dataset, None, None, anew=False)
    part = order.part(order.listing.files[0])
    part.parent.mkdir(parents=True)
    part.touch()
    with part.open("r+b") as stream:
        stream.truncate(HERE)
