"""A part of this machine with memory of its own, which can end without harm to the rest."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hubs import wait_for

ROOT = Path("/sys/fs/cgroup")
UNIFIED = (ROOT / "cgroup.controllers").exists()
MEMORY = ROOT if UNIFIED else ROOT / "memory"
LIMIT, USED = (
    ("memory.max", "memory.current")
    if UNIFIED
    else ("memory.limit_in_bytes", "memory.usage_in_bytes")
)


@dataclass(frozen=True)
class SmallMachine:
    """What runs in it shares its memory: what keeps it going, and its servers."""

    folder: Path

    @property
    def servers(self) -> str:
        """Where containers go, as the engine calls it."""
        return f"/{self.folder.name}/servers"

    def take(self, process: int) -> None:
        """Have a process in there from now on, with those that it has started and will start."""
        _put(process, self.folder / "system")
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            self.take(int(child))

    def leave(self, room: int) -> None:
        """Give it so many bytes more than it uses, and no more."""
        used = int((self.folder / USED).read_text())
        (self.folder / LIMIT).write_text(str(used + room))


def _of(process: int) -> Path:
    """The group that a process is in."""
    lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    sign = "0::" if UNIFIED else ":memory:"
    path = next(line.split(":", 2)[2] for line in lines if sign in line)
    return MEMORY / path.lstrip("/")


def _put(process: int, group: Path) -> None:
    (group / "cgroup.procs").write_text(str(process))


@contextmanager
def small_machine() -> Iterator[SmallMachine]:
    """Make one; at the end its servers must be gone."""
    machine = SmallMachine(MEMORY / f"opendata-hub-test-{secrets.token_hex(4)}")
    groups = [machine.folder, machine.folder / "system", machine.folder / "servers"]
    home = _of(os.getpid())
    for group in groups:
        group.mkdir()
        if UNIFIED and group == machine.folder:
            (group / "cgroup.subtree_control").write_text("+memory")
    try:
        yield machine
    finally:
        for process in (machine.folder / "system" / "cgroup.procs").read_text().split():
            _put(int(process), home)
        # The engine makes the same folders in each hierarchy, where there are several.
        hierarchies = [ROOT] if UNIFIED else list(ROOT.iterdir())
        left = [one for top in hierarchies for one in top.glob(f"{machine.folder.name}/**/")]
        for group in sorted(left, reverse=True):
            wait_for(lambda one=group: _removed(one), f"nothing is left in {group}")


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return not group.exists()
    return True
