"""Is a port free, and if not, who has it."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from opendata_hub.errors import MachineError

ROOT_ONLY = "is for root only"
"""What :func:`fault` says of a port below 1024, to anyone else."""

_LISTENING = "0A"  # state of a socket in /proc/net/tcp


def require_free(port: int, *others: int) -> None:
    """
    Make sure that this process may listen on ports of this machine.

    Args:
        port: the one people choose.
        others: those that follow from it.

    Raises:
        MachineError: one is taken, by whom is said where this user may know; or is for root only.
    """
    for needed in (port, *others):
        taken = fault(needed)
        if taken:
            also = f" (a hub on port {port} needs it too)" if needed != port else ""
            raise MachineError(f"Port {needed} {taken}{also}; take another: --port {another(port)}")


def another(port: int) -> int:
    """Return a port to try where this one, or one that follows from it, cannot be had."""
    return port + 100 if port < 60000 else 8000


def fault(port: int) -> str | None:
    """Say why this process may not listen on a port, such as :data:`ROOT_ONLY`; None if it may."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except PermissionError:
            return ROOT_ONLY
        except OSError:
            return f"is taken by {owner(port) or 'a process of another user'}"
    return None


def is_listening(port: int) -> bool:
    """Whether any process listens on a port of this machine."""
    return bool(_listening(port))


def owner(port: int) -> str | None:
    """Return ``nginx (process 123)`` for the process that listens on a port; None if unknown."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*"):
        if sockets & set(_open_files(process)):
            return f"{_program(process)} (process {process.name})"
    return None


def _program(process: Path) -> str:
    """Return what it runs, short: ``node configurable-http-proxy``, ``python3 -m http.server``."""
    words = (process / "cmdline").read_text("utf-8", errors="replace").split("\0")[:3]
    return " ".join(Path(word).name for word in words if not word.startswith("--")).strip()


def is_held_by(process: int, port: int) -> bool:
    """Whether a process listens on a port; False too where this user may not know."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    return not sockets.isdisjoint(_open_files(Path("/proc", str(process))))


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen on a port."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _open_files(process: Path) -> Iterator[str]:
    """Yield what a process has open; nothing of those of other users, or gone by now."""
    with suppress(OSError):
        for file in (process / "fd").iterdir():
            with suppress(OSError):
                yield str(file.readlink())
