"""Running the programs of this machine, with their last words in the error."""

import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say


def run(command: Sequence[str], say: Say, environment: dict[str, str] | None = None) -> None:
    """
    Run a program to its end, passing on each line it prints as a detail.

    Args:
        command: program and arguments; no shell is involved.
        environment: the whole environment; None for this process's own.

    Raises:
        MachineError: it is not there or failed; the text has the command and its last lines.
    """
    last: deque[str] = deque(maxlen=8)
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        ) as process:
            for line in process.stdout or ():
                if line.strip():
                    last.append(line.rstrip())
                    say(f"  {line.strip()}")
    except OSError as error:
        raise MachineError(f"{command[0]} cannot be run: {error}.") from None
    if process.returncode:
        raise MachineError(
            f"`{' '.join(command)}` failed with exit code {process.returncode}:\n" + "\n".join(last)
        )


def output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """
    Return what a program prints; empty where it is missing or fails.

    Args:
        environment: the whole environment; None for this process's own.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def probed(command: Sequence[str]) -> tuple[int, str]:
    """
    Run a program whose exit code is an answer.

    Returns:
        (code, text): what it printed; 127 where it is missing.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return 127, ""
    return done.returncode, done.stdout


def tail(path: Path, lines: int = 8) -> str:
    """Return the last lines of a log; empty where there is none."""
    try:
        return "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
