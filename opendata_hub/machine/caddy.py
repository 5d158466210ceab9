"""Caddy, the web server that speaks TLS in front of the hub's proxy."""

from opendata_hub.machine import Say, daemon, packages
from opendata_hub.machine.commands import run

PROGRAM = "caddy"
UNIT = "caddy.service"
"""What the distribution's package would run, on port 80, beside ours."""


def command() -> str | None:
    """Return the path of the program, or None where it is not installed."""
    return packages.find(PROGRAM)


def ensure(say: Say) -> None:
    """
    Install the distribution's package where Caddy is missing, without the service in it.

    A Caddy that is there is somebody's: its service is left as it is.

    Raises:
        MachineError: not root, no apt-get, or apt-get failed.
    """
    if command():
        return
    packages.require_right([PROGRAM])
    if daemon.SYSTEMD.is_dir():
        # Masked before it is there: the package starts and enables what it brings.
        run(["systemctl", "mask", UNIT], say)
    packages.install([PROGRAM], say)
