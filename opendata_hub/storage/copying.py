"""A home copied by rsync, which knows more of what files can be than anybody else."""

import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from opendata_hub.errors import StorageError
from opendata_hub.storage.comparing import Tell

PROGRAM = "rsync"

# Without a window, a file that changed within a second of its copy would pass for the same. An
# attribute of btrfs itself means nothing elsewhere, and cannot be set there.
_OPTIONS = (
    "--archive",
    "--hard-links",
    "--acls",
    "--xattrs",
    "--filter=-x btrfs.*",
    "--sparse",
    "--numeric-ids",
    "--delete",
    "--modify-window=-1",
    "--info=progress2",
)


def copy(home: Path, to: Path, lock: int, tell: Tell, by_content: bool = False) -> None:
    """
    Make a folder the copy of a home, whatever is in it now, and have it on the disk.

    Args:
        to: a folder that exists.
        lock: descriptor that the program keeps open, should it outlive this process.
        tell: hears how many bytes more are copied.
        by_content: read all that is in the copy already, and do not go by sizes and times.

    Raises:
        StorageError: something cannot be read or written; the text has the program's last words.
    """
    options = [*_OPTIONS, *(["--checksum"] if by_content else [])]
    command = [PROGRAM, *options, f"{home}/", f"{to}/"]
    _run(command, lock, tell)
    _run(["sync", "--file-system", str(to)], lock, tell)


def _run(command: list[str], lock: int, tell: Tell) -> None:
    done, last = 0, deque[str](maxlen=4)
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=(lock,),
        ) as process:
            for line in _lines(process):
                if (now := _bytes(line)) is None:
                    last.append(line)
                else:
                    tell(now - done)
                    done = now
    except OSError as error:
        raise StorageError(f"{command[0]} cannot be run: {error}.") from None
    if process.returncode:
        said = "\n".join(last)
        raise StorageError(f"`{' '.join(command)}` failed ({process.returncode}):\n{said}")


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Lines; those of the progress end in a carriage return, which counts as one."""
    for line in process.stdout or ():
        if line.strip():
            yield line.strip()


def _bytes(line: str) -> int | None:
    """How far it is, if the line tells that: ``1,234,567  45%  ...``."""
    words = line.split()
    number = words[0].replace(",", "").replace(".", "")
    return int(number) if len(words) > 1 and words[1].endswith("%") and number.isdigit() else None
