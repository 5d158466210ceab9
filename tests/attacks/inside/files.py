"""What a student's kernel does to its own home, and to what all share."""

import os
import time
from pathlib import Path


def writes(path: str, text: str) -> None:
    """Write a file of the home."""
    file = Path.home() / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def reads(path: str) -> str:
    """Read a file of the home; nothing where there is none."""
    file = Path.home() / path
    return file.read_text() if file.is_file() else ""


def links(path: str, target: str) -> None:
    """Put a symlink into the home, in the place of what is there."""
    file = Path.home() / path
    file.unlink(missing_ok=True)
    file.symlink_to(target)


def forks_without_end() -> int:
    """Start processes that start processes, until no more can be; return how many there are."""
    if not os.fork():
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(1)  # as a shell does before it tries again
    while True:
        try:
            child = os.fork()
        except OSError:
            return sum(entry.name.isdecimal() for entry in os.scandir("/proc"))
        if not child:
            os._exit(0)
        os.waitpid(child, 0)


def eats() -> None:
    """Take memory without end."""
    meals = []
    while True:
        meals.append(bytearray(2**24))


def fills(folder: str, most: int) -> "tuple[int, str]":
    """Write into a folder until it is refused; return how many bytes, and why not more."""
    written = 0
    with open(os.path.join(folder, "bomb"), "wb", buffering=0) as file:
        while written < most:
            try:
                written += file.write(bytes(2**20))
            except OSError as refusal:
                return written, str(refusal)
    return written, ""
