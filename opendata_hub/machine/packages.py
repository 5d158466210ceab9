"""Programs from the distribution: which are there, and installing the others."""

import os
import shutil
from collections.abc import Iterable, Mapping

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say
from opendata_hub.machine.commands import output, run

# A machine that was just started updates itself, and a mirror may be busy.
_PATIENT = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def path() -> str:
    """PATH and the folders of dockerd, iptables and debootstrap, which a user's PATH lacks."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))


def find(program: str) -> str | None:
    """Where a program is, also where only root's PATH leads; None where it is not installed."""
    return shutil.which(program, path=path())


def ensure(wanted: Mapping[str, str], say: Say) -> None:
    """
    Install the packages whose program is missing; nothing is touched where all are there.

    Args:
        wanted: program -> the Debian package that brings it.

    Raises:
        MachineError: not root, no apt-get, or apt-get failed.
    """
    missing = {package: None for program, package in wanted.items() if not find(program)}
    if missing:
        install(list(missing), say)


def install(packages: list[str], say: Say, others: Iterable[str] = ()) -> None:
    """
    Install Debian packages, without those only recommended.

    Args:
        others: come along where the distribution has them.

    Raises:
        MachineError: not root, no apt-get, or apt-get failed.
    """
    require_right(packages)
    say(f"Installing {', '.join(packages)} from the distribution")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q", *_PATIENT], say, environment)
    options = ["--yes", "-q", "--no-install-recommends", *_PATIENT]
    run(["apt-get", "install", *options, *packages, *known(others)], say, environment)


def known(names: Iterable[str], environment: Mapping[str, str] | None = None) -> list[str]:
    """
    Return those of the packages that apt's lists have.

    Args:
        environment: the whole of apt's; None for this process's own.
    """
    return [name for name in names if output(["apt-cache", "show", name], environment)]


def require_right(packages: list[str]) -> None:
    """
    Make sure that this process may install packages.

    Raises:
        MachineError: not root, or no apt-get.
    """
    names = " ".join(packages)
    if os.geteuid() != 0 or not find("apt-get"):
        raise MachineError(f"{names} must be installed first: sudo apt-get install {names}")
