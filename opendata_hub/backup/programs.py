"""Running rsync and restic: line by line, and never longer than this process."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from opendata_hub.errors import BackupError

Hear = Callable[[str], None]
"""Takes what a program prints, line by line."""

_LAST_WORDS = 20_000  # bytes


class Outcome(NamedTuple):
    """How a program ended."""

    code: int
    errors: str
    """What it wrote to its error stream, if that was much: the end of it."""


def run(
    command: Sequence[str],
    hear: Hear = lambda line: None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """
    Run a program to its end. It is killed when the thread that runs it ends.

    Args:
        command: program and arguments; no shell is involved.
        environment: variables on top of this process's own.

    Raises:
        BackupError: it is not installed.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="surrogateescape",
            )
        except FileNotFoundError as error:
            raise BackupError(f"{error.filename} cannot be found.") from None
        with process:
            for line in process.stdout or ():
                hear(line.rstrip("\n"))
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LAST_WORDS))
        return Outcome(process.returncode, errors.read().decode("utf-8", "replace").strip())


def last_line(text: str) -> str:
    """Return the last line that says something, without a full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"
