"""The commands that mend a machine, as this program is run on it: installed, or from a checkout."""

import sys
from pathlib import Path

from opendata_hub import places


def is_installed() -> bool:
    """Whether this is the program of a hub that ``opendata-hub install`` made."""
    return Path(sys.prefix).is_relative_to(places.PROGRAM)


def prepare() -> str:
    """Return the command that brings what is missing, and starts no hub in the foreground."""
    if is_installed():
        return "sudo opendata-hub install"
    return "./start --prepare" if places.IS_CHECKOUT else "opendata-hub start --prepare"


def prepare_as_root() -> str:
    """Return the same, for what only root can bring."""
    return f"sudo {prepare().removeprefix('sudo ')}"


def disk(size: str) -> str:
    """Return the command that makes a disk of btrfs in a file."""
    return f"{prepare_as_root().removesuffix(' --prepare')} --make-disk {size}"


def another_port(port: int) -> str:
    """Return how the hub takes another port."""
    if is_installed():
        return f"write port {port} into hub.url, then: sudo opendata-hub install"
    return f"{start()} --port {port}"


def start() -> str:
    """Return the command that runs the hub; as root: with ``sudo`` before it."""
    if is_installed():
        return "systemctl restart opendata-hub"
    return "./start" if places.IS_CHECKOUT else "opendata-hub start"


def log() -> str:
    """Return the command that shows what the hub said, or where it did."""
    return "journalctl -u opendata-hub" if is_installed() else "read what the hub printed"
