"""Another version in the hub's place: tried before, taken back by itself where it does not run."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

_TOLD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By which a program is told to end."""


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
    with _way().taken(), _heeding(signal.default_int_handler, signal.SIGTERM, signal.SIGHUP):
        made = environment.make(_wanted(to, known), say)
        now = source.of(made) or known
        if made == before:
            return Upgraded(known.version, now.version, None, None)
        change = _Change(before, made, service.written_units())
        try:
            _try(change, say)
            copy = safekeeping.keep(State(places.CONFIG), known.version, say)
            say("Changing over; servers go on")
            _take(made, say)  # what runs has found its own files already
        except BaseException as error:
            _put_back(change, _lasting(say))
            raise MachineError(
                f"Nothing has changed: the hub was not upgraded to {now.version}.\n{_words(error)}"
            ) from None
        with _heeding(signal.SIG_IGN, signal.SIGHUP):
            downtime = _restart(change, copy, _lasting(say))
    environment.prune(environment.KEPT, say)
    return Upgraded(known.version, now.version, downtime, copy)


@dataclass(frozen=True)
class _Change:
    """From which environment to which, and the units of the former."""

    before: Path
    made: Path
    units: dict[str, str]


def _way() -> Access:
    """Return the way out of the site; a hub.yaml for the version to come need not be ours."""
    try:
        return access(load(file()))
    except ConfigError:
        return Access()


@contextmanager
def _heeding(handler: Callable[..., Any] | int, *numbers: int) -> Iterator[None]:
    """Take signals this way meanwhile, but for those that are ignored, as by nohup."""
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def _lasting(say: Say) -> Say:
    """Let nobody's terminal that is gone keep the hub from coming back."""

    def said(line: str) -> None:
        with suppress(OSError):
            say(line)

    return said


def _wanted(to: str | None, known: source.Source) -> str:
    if to:
        return source.asked(to)
    if known.newest is None:
        raise MachineError(
            f"Version {known.version} came from a file, {known.spec}; name the new one: "
            "sudo opendata-hub upgrade --to FILE"
        )
    return known.newest


def _try(change: _Change, say: Say) -> None:
    """Let the new version look at hub.yaml and bring what it needs, before anything is touched."""
    program = str(environment.program(change.made))
    run([program, "check", str(file())], say)
    if systemd.is_active(systemd.HUB):
        _require_way_back(change.before, say)
    run([program, "start", "--prepare", "--config", str(file())], say)


def _require_way_back(before: Path, say: Say) -> None:
    """
    Make sure that the version that runs could start again.

    Raises:
        MachineError: it has been started with another hub.yaml, and does not take this one.
    """
    try:
        run([str(environment.program(before)), "check", str(file())], say)
    except MachineError as error:
        raise MachineError(
            f"The version that runs does not take this {file().name}, so it could not come back if "
            "the new one failed. Undo what you have written for the new one, upgrade, and write it "
            "again; or do without the way back, and stop the hub before: sudo systemctl stop "
            f"opendata-hub\n{error}"
        ) from None


def _take(made: Path, say: Say) -> None:
    """Have the links lead to a version, and its own code write the units."""
    environment.switch(made, say)
    run([str(made / "bin" / "python"), "-m", "opendata_hub.install"], say)


def _restart(change: _Change, copy: Path, say: Say) -> float:
    """Have the new version run, else the one before; return the seconds without a hub."""
    since, has_started = time.monotonic(), False
    try:
        systemd.stop(systemd.HUB, say)
        safekeeping.keep_database(copy, State(places.CONFIG))
        has_started = True
        _start(say)
    except BaseException as error:
        _go_back(change, copy, has_started, say)
        away = time.monotonic() - since
        raise MachineError(
            f"The new version does not run, and the one before runs again, with its database. The "
            f"hub was away for {away:.0f} s; people's servers went on.\n{_words(error)}"
        ) from None
    return time.monotonic() - since


def _start(say: Say) -> None:
    """Start the hub: systemd waits until it says that people can come, whatever its hub.yaml."""
    try:
        systemd.restart(systemd.HUB, say)
    except OpenDataError:
        raise MachineError(service.why_not()) from None


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "It was broken off."
    return str(error) if isinstance(error, OpenDataError) else f"{type(error).__name__}: {error}"


def _go_back(change: _Change, copy: Path, has_started: bool, say: Say) -> None:
    """
    Have the version before run again.

    Args:
        copy: with its database.
        has_started: whether the new version did, which may have changed the database: else that is
            the newest one.

    Raises:
        MachineError: it does not run either.
    """
    say("Going back to the version before")
    try:
        with _heeding(signal.SIG_IGN, *_TOLD):
            systemd.stop(systemd.HUB, say)
            if has_started:
                safekeeping.bring_back(copy, State(places.CONFIG), say)
            _put_back(change, say)
            _start(say)
    except OpenDataError as error:
        raise MachineError(
            f"Neither the new version runs, nor the one before again; as all was: {copy}\n{error}"
        ) from None


def _put_back(change: _Change, say: Say) -> None:
    """Have links and units as they were, and the new version's environment gone."""
    with _heeding(signal.SIG_IGN, *_TOLD):
        environment.switch(change.before, say)
        service.bring_units_back(change.units, say)
        environment.drop(change.made)
