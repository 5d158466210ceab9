"""Groups of processes that a machine has of its own, with a limit of memory."""

from contextlib import suppress
from pathlib import Path

from tests.engine.cgroups import ROOT, UNIFIED

MEMORY = 4 * 2**30


def of(name: str) -> list[Path]:
    """Make groups of processes for a machine, with a limit of memory; return their folders."""
    tops = [ROOT] if UNIFIED else [one for one in ROOT.iterdir() if _is_controller(one)]
    found = []
    for top in tops:
        group = top / name
        if not group.exists():
            group.mkdir()
            _limit(top, group)
        found.append(group)
    return found


def _is_controller(top: Path) -> bool:
    return top.is_dir() and not top.is_symlink() and top.name not in ("systemd", "unified")


def _limit(top: Path, group: Path) -> None:
    if (group / "cpuset.cpus").exists() and not UNIFIED:
        for name in ("cpuset.cpus", "cpuset.mems"):
            (group / name).write_text((top / name).read_text())
    for name in ("memory.limit_in_bytes", "memory.max"):
        if (group / name).exists():
            (group / name).write_text(str(MEMORY))


def processes(group: Path) -> list[int]:
    """All that are in a group, or in one below it."""
    files = group.glob("**/cgroup.procs")
    return [int(process) for file in files for process in file.read_text().split()]


def removed(group: Path) -> bool:
    """Remove a group with those below it, once all processes have gone."""
    for one in sorted(group.glob("**/"), reverse=True):
        with suppress(OSError):
            one.rmdir()
    return not group.exists()
