"""The clock: logins, certificates and the end of a class go by it."""

import ctypes
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

import opendata_hub
from opendata_hub.machine.commands import output
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_DAY = 86400  # seconds; archives made in another time zone come with files from the future
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_BUFFER = 512  # bytes; struct timex has 208 at most
_WRONG = 60.0  # seconds; logins elsewhere and cookies take a minute or so
_PATIENCE = 5.0  # seconds for an answer


@dataclass(frozen=True)
class Clock:
    """
    What is known about the time.

    Attributes:
        now: what the clock shows, seconds since 1970.
        installed: what it showed when this package came onto the machine.
        synchronised: whether the kernel knows of a time service; None where it does not tell.
        service: whether systemd has a time service to start; None where there is no systemd.
        ahead: seconds by which it is ahead of another machine's; None where nobody was asked.
        other: the name of that machine.
    """

    now: float
    installed: float
    synchronised: bool | None = None
    service: bool | None = None
    ahead: float | None = None
    other: str = ""


def look(other: str = "", proxy: str | None = None) -> Clock:
    """
    Ask the machine, and whom the hub asks anyway.

    Args:
        other: an address such as that of the hub's certificate authority; nobody is asked if empty.
        proxy: the way to it.
    """
    can = output(["timedatectl", "show", "--property=CanNTP", "--value"]).strip()
    return Clock(
        time.time(),
        Path(opendata_hub.__file__).stat().st_mtime,
        _synchronised(),
        can == "yes" if can else None,
        _ahead(other, proxy) if other else None,
        urlsplit(other).hostname or "",
    )


def _ahead(other: str, proxy: str | None) -> float | None:
    """Compare with the date of an answer; who has sent it does not matter for a look."""
    try:
        # With a wrong clock no certificate would be trusted.
        with httpx.Client(verify=False, proxy=proxy, timeout=_PATIENCE) as client:  # noqa: S501
            before = time.time()
            said = client.head(other).headers.get("Date", "")
            halfway = (before + time.time()) / 2
        return halfway - parsedate_to_datetime(said).timestamp()
    except (httpx.HTTPError, OSError, ValueError):
        return None


def _synchronised() -> bool | None:
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_BUFFER))
    return None if state < 0 else bool(state != _UNSYNCHRONISED)


def judge(clock: Clock) -> Finding:
    """Say whether the clock can be trusted."""
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(clock.now))
    if clock.now < clock.installed - _DAY:
        text = f"it shows {shown}, which is before this package was installed."
        return fault("Clock", text, _mend(clock))
    if clock.ahead is not None and abs(clock.ahead) > _WRONG:
        return fault("Clock", f"it shows {shown}, {_off(clock)}", _mend(clock))
    if clock.synchronised is False:
        text = f"it shows {shown}, but it is not synchronised: it may drift."
        return warning("Clock", text, _mend(clock))
    told = "it is synchronised" if clock.synchronised else "whether it is synchronised is not known"
    agrees = f", and {clock.other} agrees" if clock.ahead is not None else ""
    return ok("Clock", f"it shows {shown}; {told}{agrees}.")


def _off(clock: Clock) -> str:
    seconds = abs(clock.ahead or 0)
    by = f"{seconds / 3600:.0f} hours" if seconds > 7200 else f"{seconds / 60:.0f} minutes"
    word = "ahead of" if (clock.ahead or 0) > 0 else "behind"
    return (
        f"{by if seconds >= 90 else '1 minute'} {word} {clock.other}: certificates, logins "
        "elsewhere and the times of classes fail by that."
    )


def _mend(clock: Clock) -> str:
    if clock.synchronised and clock.service:
        return "sudo systemctl restart systemd-timesyncd chrony"
    if clock.service:
        return "sudo timedatectl set-ntp true"
    package = "chrony" if clock.service is None else "systemd-timesyncd"
    return f"sudo apt-get install {package}"


def check(other: str = "", proxy: str | None = None) -> Finding:
    """Look, then judge."""
    return judge(look(other, proxy))
