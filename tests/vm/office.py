"""Where a bundle is packed: a machine like the one that it is for, with network and an engine."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.bundle import unpack
from opendata_hub.machine import daemon
from tests.vm import suites
from tests.vm.bridge import Bridge
from tests.vm.machine import Machine, machine
from tests.vm.root import TRUST
from tests.wheel.environments import build_wheel

_PLACE, _ENGINE, _PROGRAM = Path("root/packing"), "/root/docker.sock", "/root/program"
_RUN = f"""
cd /{_PLACE}
export PATH={_PROGRAM}/bin:$PATH PIP_CERT=/{TRUST} DOCKER_HOST=unix://{_ENGINE}
exec "$@"
"""


@dataclass(frozen=True)
class Office:
    """
    A folder with a hub.yaml in it.

    Attributes:
        folder: as this machine sees it.
        other: another machine that sees it, too, and works in it.
    """

    folder: Path
    other: Machine | None = None

    def run(self, *words: str) -> str:
        """Run a command of opendata-hub there; return what it printed."""
        if self.other:
            return self.other.run("sh", "-ec", _RUN, "sh", "opendata-hub", *words)
        program = Path(sys.executable).with_name("opendata-hub")
        done = subprocess.run([program, *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def office(folder: Path, root: Path, bridge: Bridge, downloads: Path) -> Iterator[Office]:
    """Have one: on this machine where that will do."""
    if unpack.this_machine()["release"] == suites.asked():
        yield Office(folder)
        return
    wheel = build_wheel(folder / "wheel")
    bound = {_ENGINE: daemon.SOCKET.resolve()}
    (folder / "machine").mkdir()
    with machine(folder / "machine", root, bridge, downloads=downloads, bound=bound) as made:
        made.boot("#cloud-config\n{}\n")
        made.wait_until_booted()
        (made.disk / _PLACE).mkdir()
        shutil.copy(wheel, made.disk / _PLACE)
        made.run("apt-get", "update", "-q")
        made.run("apt-get", "install", "-qy", "--no-install-recommends", "python3-venv")
        made.run("python3", "-m", "venv", _PROGRAM)
        made.run("sh", "-ec", _RUN, "sh", "pip", "install", "-q", wheel.name)
        yield Office(made.disk / _PLACE, made)
