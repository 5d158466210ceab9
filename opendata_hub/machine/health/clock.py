"""The clock: logins, certificates and the end of a class go by it."""

import ctypes
import time
from dataclasses import dataclass
from pathlib import Path

import opendata_hub
from opendata_hub.machine.commands import output
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_DAY = 86400  # seconds; archives made in another time zone come with files from the future
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_BUFFER = 512  # bytes; struct timex has 208 at most


@dataclass(frozen=True)
class Clock:
    """
    What is known about the time.

    Attributes:
        now: what the clock shows, seconds since 1970.
        installed: what it showed when this package came onto the machine.
        synchronised: whether the kernel knows of a time service; None where it does not tell.
        service: whether systemd has a time service to start; None where there is no systemd.
    """

    now: float
    installed: float
    synchronised: bool | None = None
    service: bool | None = None


def look() -> Clock:
    """Ask the machine; no network is needed."""
    can = output(["timedatectl", "show", "--property=CanNTP", "--value"]).strip()
    return Clock(
        time.time(),
        Path(opendata_hub.__file__).stat().st_mtime,
        _synchronised(),
        can == "yes" if can else None,
    )


def _synchronised() -> bool | None:
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_BUFFER))
    return None if state < 0 else bool(state != _UNSYNCHRONISED)


def judge(clock: Clock) -> Finding:
    """Say whether the clock can be trusted."""
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(clock.now))
    if clock.now < clock.installed - _DAY:
        text = f"it shows {shown}, which is before this package was installed."
        return fault("Clock", text, _mend(clock))
    if clock.synchronised is False:
        text = f"it shows {shown}, but it is not synchronised: it may drift."
        return warning("Clock", text, _mend(clock))
    told = "it is synchronised" if clock.synchronised else "whether it is synchronised is not known"
    return ok("Clock", f"it shows {shown}; {told}.")


def _mend(clock: Clock) -> str:
    if clock.service:
        return "sudo timedatectl set-ntp true"
    package = "chrony" if clock.service is None else "systemd-timesyncd"
    return f"sudo apt-get install {package}"


def check() -> Finding:
    """Look, then judge."""
    return judge(look())
