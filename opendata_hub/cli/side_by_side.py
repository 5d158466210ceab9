"""Looks at a machine, all at once: none of them waits for another, and none for ever."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from opendata_hub.errors import OpenDataError
from opendata_hub.machine.health import Finding, warning


class Look(NamedTuple):
    """Something to look at, and how: the findings may come one by one."""

    name: str
    find: Callable[[], Iterable[Finding]]


class _Running:
    def __init__(self, look: Look) -> None:
        self.look = look
        self._found: list[Finding] = []
        # One that hangs, such as in a share whose server is gone, must not keep the program.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for finding in self.look.find():
                self._found.append(finding)
        except Exception as error:
            self._found.append(_failed(self.look.name, error))

    def result(self, end: float) -> list[Finding]:
        self._thread.join(max(0.0, end - time.monotonic()))
        if not self._thread.is_alive():
            return self._found
        text = "not looked at to the end: it takes too long."
        fix = "look again when the machine has less to do, or its disks and network answer"
        return [*self._found, warning(self.look.name, text, fix)]


def _failed(name: str, error: Exception) -> Finding:
    """Tell of a look that failed: the others are not worse for it."""
    if isinstance(error, PermissionError):
        return warning(name, f"not looked at: {error}.", "run this command with sudo")
    known = isinstance(error, OpenDataError | OSError)
    why = str(error) if known else f"{type(error).__name__}: {error}"
    return warning(name, f"not looked at: {why.rstrip('.')}.", "" if known else _REPORT)


_REPORT = "tell us, as this is a fault of opendata-hub: its issues page, with this line"


def all_of(looks: Sequence[Look], patience: float) -> Iterator[Finding]:
    """
    Yield what the looks find, in their order, as soon as it is known.

    Args:
        patience: seconds for all of them together.
    """
    end = time.monotonic() + patience
    for running in [_Running(look) for look in looks]:
        yield from running.result(end)
