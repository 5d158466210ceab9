"""Another version in the hub's place: tried before, taken back by itself where it does not run."""

import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from opendata_hub import places
from opendata_hub.errors import ConfigError, MachineError, OpenDataError
from opendata_hub.install import environment, safekeeping, service, source, systemd
from opendata_hub.install.furnishing import file
from opendata_hub.machine import Say
from opendata_hub.machine.access import Access
from opendata_hub.machine.commands import run
from opendata_hub.settings import load
from opendata_hub.settings.access import access
from opendata_hub.settings.state import State


@dataclass(frozen=True)
class Upgraded:
    """
    What came of it.

    Attributes:
        before, now: versions.
        downtime: seconds without a hub; None if there was nothing to do.
        copy: folder with the database and the settings as they were.
    """

    before: str
    now: str
    downtime: float | None
    copy: Path | None


def upgrade(to: str | None, say: Say) -> Upgraded:
    """
    Have another version run, or the newest; if it does not, have the one before run again.

    Args:
        to: a version, a wheel, a folder or an address; None for the newest of what is there.

    Raises:
        MachineError: nothing is installed here, or the other version cannot be had or does not
            run; the hub is then what it was before.
    """
    systemd.require()
    before = environment.current()
    known = source.of(before) if before else None
    if before is None or known is None:
        raise MachineError("No hub is installed here; make one: sudo opendata-hub install")
    way = _way()
    with way.taken():
        made = environment.make(_wanted(to, known), say)
        now = source.of(made) or known
        if made == before:
            return Upgraded(known.version, now.version, None, None)
        try:
            _try(made, say)
        except OpenDataError as error:
            environment.drop(made)
            raise MachineError(
                f"Nothing has changed: version {now.version} cannot be used here.\n{error}"
            ) from None
    copy = safekeeping.keep(State(places.CONFIG), known.version, say)
    downtime = _change(before, made, copy, say)
    environment.prune(environment.KEPT, say)
    return Upgraded(known.version, now.version, downtime, copy)


def _way() -> Access:
    """Return the way out of the site; a hub.yaml for the version to come need not be ours."""
    try:
        return access(load(file()))
    except ConfigError:
        return Access()


def _wanted(to: str | None, known: source.Source) -> str:
    if to:
        return source.asked(to)
    if known.newest is None:
        raise MachineError(
            f"Version {known.version} came from a file, {known.spec}; name the new one: "
            "sudo opendata-hub upgrade --to FILE"
        )
    return known.newest


def _try(made: Path, say: Say) -> None:
    """Let the new version look at hub.yaml and bring what it needs, before anything is touched."""
    program = str(environment.program(made))
    run([program, "check", str(file())], say)
    run([program, "start", "--prepare", "--config", str(file())], say)


def _change(before: Path, made: Path, copy: Path, say: Say) -> float:
    """Change over, and back where the hub does not run; return the seconds without a hub."""
    say("Changing over; servers go on")
    since, say = time.monotonic(), _unbroken(say)
    try:
        _take(made, say)  # what runs has found its own files already
        since = time.monotonic()
        systemd.stop(systemd.HUB, say)
        safekeeping.keep_database(copy, State(places.CONFIG))
        _start(say)
    except BaseException as error:
        _go_back(before, made, copy, say)
        away = time.monotonic() - since
        raise MachineError(
            f"The new version does not run, and the one before runs again, with its database. The "
            f"hub was away for {away:.0f} s; people's servers went on.\n{_words(error)}"
        ) from None
    return time.monotonic() - since


def _unbroken(say: Say) -> Say:
    """Let nobody's terminal that is gone keep the hub from coming back."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def said(line: str) -> None:
        with suppress(OSError):
            say(line)

    return said


def _take(made: Path, say: Say) -> None:
    """Have the links lead to a version, and its own code write the units."""
    environment.switch(made, say)
    run([str(made / "bin" / "python"), "-m", "opendata_hub.install"], say)


def _start(say: Say) -> None:
    try:
        systemd.restart(systemd.HUB, say)
        is_healthy = service.is_healthy(load(file()))
    except OpenDataError:
        raise MachineError(service.why_not()) from None
    if not is_healthy:
        raise MachineError(service.why_not())


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, OpenDataError) else "It was broken off."


def _go_back(before: Path, made: Path, copy: Path, say: Say) -> None:
    """
    Have the version before run again, with its database.

    Raises:
        MachineError: it does not run either.
    """
    say("Going back to the version before")
    try:
        systemd.stop(systemd.HUB, say)
        safekeeping.bring_back(copy, State(places.CONFIG), say)
        _take(before, say)
        environment.drop(made)
        _start(say)
    except OpenDataError as error:
        raise MachineError(
            f"Neither the new version runs, nor the one before again; as all was: {copy}\n{error}"
        ) from None
