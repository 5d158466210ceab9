"""Looks that run all at once."""

import threading
from collections.abc import Iterator

from opendata_hub.cli.side_by_side import Look, all_of
from opendata_hub.errors import MachineError
from opendata_hub.machine.health import Finding, Level, ok

FINE = ok("Fine", "it is.")


def failing(error: Exception) -> Look:
    """A look that finds something, and then fails."""

    def find() -> Iterator[Finding]:
        yield FINE
        raise error

    return Look("Bad", find)


def test_findings_come_in_the_order_of_the_looks() -> None:
    """Whichever is ready first."""
    other = threading.Event()

    def first() -> list[Finding]:
        other.wait(60)
        return [ok("First", "yes.")]

    def second() -> list[Finding]:
        other.set()
        return [ok("Second", "yes.")]

    found = all_of([Look("First", first), Look("Second", second)], 60)
    assert [finding.name for finding in found] == ["First", "Second"]


def test_a_look_that_fails_ends_no_other() -> None:
    """What it has found counts, and why it failed is said."""
    errors = [MachineError("No room."), PermissionError(13, "Permission denied", "/x"), KeyError(7)]
    looks = [*map(failing, errors), Look("Good", lambda: [FINE])]
    found = list(all_of(looks, 60))
    failed = [finding for finding in found if finding.name == "Bad"]

    assert found.count(FINE) == 4
    assert {finding.level for finding in failed} == {Level.WARNING}
    assert failed[0].text == "not looked at: No room."
    assert failed[1].fix == "run this command with sudo"
    assert "KeyError: 7" in failed[2].text and failed[2].fix.startswith("tell us")


def test_a_look_that_hangs_is_left() -> None:
    """The others have long been looked at by then."""
    end = threading.Event()

    def hanging() -> Iterator[Finding]:
        yield FINE
        end.wait(60)

    found = list(all_of([Look("Slow", hanging), Look("Good", lambda: [FINE])], 1.0))
    end.set()

    assert [finding.name for finding in found] == ["Fine", "Slow", "Fine"]
    assert found[1].text == "not looked at to the end: it takes too long."
