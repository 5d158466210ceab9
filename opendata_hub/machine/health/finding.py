"""What a check has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is; the value is the word that people read."""

    OK = "ok"
    WARNING = "warning"
    """A class can run, but somebody may wait, or lose a protection."""
    FAULT = "FAULT"
    """A class cannot run, or not safely."""


@dataclass(frozen=True)
class Finding:
    """
    One line of the report.

    Attributes:
        name: what was looked at, such as ``Disk``.
        text: one or two sentences about it.
        fix: the command to type, or what else to do, or where all is well how to see more; may be
            empty there, or where the text says it.
    """

    name: str
    level: Level
    text: str
    fix: str = ""


def ok(name: str, text: str, fix: str = "") -> Finding:
    """All is well."""
    return Finding(name, Level.OK, text, fix)


def warning(name: str, text: str, fix: str = "") -> Finding:
    """Something to know before the class comes."""
    return Finding(name, Level.WARNING, text, fix)


def fault(name: str, text: str, fix: str = "") -> Finding:
    """Something to mend before the class comes."""
    return Finding(name, Level.FAULT, text, fix)


def listed(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, or ``a, b and c``; there is one at least."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
