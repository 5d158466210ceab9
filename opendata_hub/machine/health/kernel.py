"""What the kernel lets all students together have: watches of files, processes, open files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.machine.health.finding import Finding, ok, warning

_SYSTEM = Path("/proc/sys")

INSTANCES, WATCHES = 2, 1_000
"""Of inotify, for a student: JupyterLab itself takes none, ``tail -f`` and file-watching extensions
take one each; an editor that watches a project takes a watch for each folder."""

PROCESSES = 60
"""Processes and threads of a student: a server with two kernels and a terminal has about thirty."""

FILES = 40
"""Open files of the proxy for a student: two for each connection, and a page has up to a dozen."""

_OWN = 1024  # for the system and the hub itself


@dataclass(frozen=True)
class Room:
    """
    What the kernel lets be, for all students together.

    Attributes:
        instances: of inotify. As all servers run as uid 1000, it is one number for all of them.
        watches: of inotify, likewise.
        processes: that have a number; each thread has one, too.
        threads: of all processes.
        files: that a program such as the hub's proxy may have open.
    """

    instances: int
    watches: int
    processes: int
    threads: int
    files: int


def look(process: int | None = None) -> Room:
    """
    Read what holds now.

    Args:
        process: the hub's proxy, where it runs; else what holds for this process is told.

    Raises:
        OSError: the kernel does not tell.
    """
    return Room(
        _number("fs/inotify/max_user_instances"),
        _number("fs/inotify/max_user_watches"),
        _number("kernel/pid_max"),
        _number("kernel/threads-max"),
        _files(process) or _files("self") or 0,
    )


def _files(process: int | str | None) -> int | None:
    """Return the hard limit: a program such as Node.js or Caddy raises its own to that."""
    try:
        lines = Path("/proc", str(process), "limits").read_text("ascii").splitlines()
    except OSError:
        return None
    (line,) = (line for line in lines if line.startswith("Max open files"))
    return int(line.split()[4])


def _number(name: str) -> int:
    return int((_SYSTEM / name).read_text("ascii"))


def check(students: int, process: int | None = None) -> list[Finding]:
    """Look, then judge."""
    return list(judge(look(process), students))


def judge(room: Room, students: int) -> Iterator[Finding]:
    """
    Say what ends before memory does.

    Args:
        students: whose servers the machine has memory for.
    """
    processes = PROCESSES * students + _OWN
    found = [
        *_judge_setting(
            "fs.inotify.max_user_instances", "watch files", room.instances, INSTANCES * students
        ),
        *_judge_setting(
            "fs.inotify.max_user_watches", "watch files", room.watches, WATCHES * students
        ),
        *_judge_setting("kernel.pid_max", "start programs", room.processes, processes),
        *_judge_setting("kernel.threads-max", "start programs", room.threads, processes),
        *_judge_files(room.files, FILES * students + _OWN),
    ]
    yield from found or [ok("Kernel", f"its limits are wide enough for {students} servers.")]


def _judge_setting(name: str, what: str, has: int, wanted: int) -> Iterator[Finding]:
    if has < wanted:
        text = (
            f"{name} is {has:,}, for all servers together: some students will not be able to "
            f"{what}; {wanted:,} is enough for as many as there is memory for."
        )
        file = "/etc/sysctl.d/60-opendata-hub.conf"
        fix = f"echo {name}={wanted} | sudo tee -a {file} && sudo sysctl -p {file}"
        yield warning("Kernel", text, fix)


def _judge_files(has: int, wanted: int) -> Iterator[Finding]:
    if has < wanted:
        text = (
            f"a program may have {has:,} files open, and the hub's proxy needs {wanted:,} for as "
            "many students as there is memory for."
        )
        fix = f"write LimitNOFILE={wanted} below [Service]: sudo systemctl edit opendata-hub"
        yield warning("Kernel", text, fix)
