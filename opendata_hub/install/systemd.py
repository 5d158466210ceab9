"""systemd: units written, enabled and started; only what differs is touched."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say, daemon
from opendata_hub.machine.commands import output, probed, run

UNITS = Path("/etc/systemd/system")
"""Where an administrator's units are."""

HUB = "opendata-hub.service"
BACKUP = "opendata-hub-backup.service"
NIGHTLY = "opendata-hub-backup.timer"


def require() -> None:
    """
    Make sure that systemd runs this machine, and that this is root.

    Raises:
        MachineError: not so.
    """
    if not daemon.SYSTEMD.is_dir():
        raise MachineError(
            "This machine is not run by systemd, which would start the hub at boot; ./start, in a "
            "checkout, sets it up and runs the hub in the foreground."
        )
    if os.geteuid() != 0:
        raise MachineError("Only root can do this: put sudo in front.")


def mount_name(place: Path) -> str:
    """Return the name of the unit that mounts something in ``place``."""
    return output(["systemd-escape", "--path", "--suffix=mount", str(place)]).strip()


def write(units: Mapping[str, str], say: Say) -> list[str]:
    """
    Write units by name, and have systemd read them; return those that were not so before.

    Raises:
        MachineError: they cannot be written.
    """
    changed = [name for name, text in units.items() if text_of(name) != text]
    for name in changed:
        say(f"Writing {UNITS / name}")
        _put(UNITS / name, units[name])
    if changed:
        run(["systemctl", "daemon-reload"], say)
    return changed


def remove(names: Iterable[str], say: Say) -> None:
    """
    Stop, disable and remove those units that are there.

    Raises:
        MachineError: one does not end, or cannot be removed.
    """
    there = [name for name in names if (UNITS / name).exists()]
    for name in there:
        say(f"Removing {UNITS / name}")
        run(["systemctl", "disable", "--now", name], say)
        _unlink(UNITS / name)
    if there:
        run(["systemctl", "daemon-reload"], say)
        run(["systemctl", "reset-failed"], say)


def enable(name: str, say: Say) -> None:
    """
    Have it started now and at each boot.

    Raises:
        MachineError: it does not start.
    """
    run(["systemctl", "enable", "--now", name], say)


def enable_only(name: str, say: Say) -> None:
    """
    Have it started at each boot from now on.

    Raises:
        MachineError: it cannot be.
    """
    run(["systemctl", "enable", name], say)


def restart(name: str, say: Say) -> None:
    """
    Start it, or start it again, and wait until it is ready.

    Raises:
        MachineError: it does not come up.
    """
    run(["systemctl", "restart", name], say)


def stop(name: str, say: Say) -> None:
    """
    Stop it until the next boot.

    Raises:
        MachineError: it does not end.
    """
    run(["systemctl", "stop", name], say)


def is_active(name: str) -> bool:
    """Whether it runs, and is ready."""
    return probed(["systemctl", "is-active", "--quiet", name])[0] == 0


def last_words(name: str) -> str:
    """Return the end of what it wrote in its last run, and what systemd wrote about that."""
    said = output(["journalctl", "--unit", name, "--lines", "200", "--output", "cat"]).splitlines()
    starts = [number for number, line in enumerate(said) if line.startswith(f"Starting {name}")]
    return "\n".join(said[starts[-1] if starts else 0 :][-15:])


def text_of(name: str) -> str:
    """Return the text of a unit that an administrator's folder has; empty where it has none."""
    try:
        return (UNITS / name).read_text("utf-8")
    except OSError:
        return ""


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(f"{file} cannot be removed: {error.strerror}.") from None


def _put(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.write_text(text, "utf-8")
        draft.chmod(0o644)
        draft.replace(file)
    except OSError as error:
        raise MachineError(f"{file} cannot be written: {error.strerror}.") from None
