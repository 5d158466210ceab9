"""How a finding looks in a terminal."""

import shutil
import textwrap

import click

from opendata_hub.machine.health import Finding, Level

_WIDEST = 100  # characters; longer lines are hard to read
_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}
_MARK = max(len(level.value) for level in Level) + 2


def lines(finding: Finding) -> str:
    """Lay out a finding; the fix is never folded, so that it can be copied."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    indent = " " * _MARK
    text = textwrap.fill(
        f"{finding.name}: {finding.text}",
        max(width, 2 * _MARK),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    mark = click.style(finding.level.value, fg=_COLOURS[finding.level], bold=True)
    word = "Look" if finding.level is Level.OK else "Fix"
    fix = f"\n{indent}{word}: {finding.fix}" if finding.fix else ""
    return f"{mark}{text[len(finding.level.value) :]}{fix}"


def plain(finding: Finding) -> dict[str, str]:
    """Return a finding for programs; the level is ``ok``, ``warning`` or ``fault``."""
    return {
        "level": finding.level.name.lower(),
        "name": finding.name,
        "text": finding.text,
        "fix": finding.fix,
    }
