"""Ending a server's processes at once, and nobody else's."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata_hub.guard.place import Place, halt


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs until its input ends."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process


def test_the_server_that_is_meant_ends(process: "subprocess.Popen[bytes]") -> None:
    """The container's id is in the group of its processes."""
    group = Path(f"/proc/{process.pid}/cgroup").read_text()

    halt(Place(None, None, process.pid), group)

    assert process.wait(60) == -signal.SIGKILL


def test_whoever_has_its_number_by_now_goes_on(process: "subprocess.Popen[bytes]") -> None:
    """And a number that nobody has is no error."""
    halt(Place(None, None, process.pid), "f" * 64)
    halt(Place(None, None, 0), "f" * 64)

    process.communicate(b"\n", 60)
    assert process.returncode == 0
