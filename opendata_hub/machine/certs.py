"""The site's authority, as the engine trusts it: a file for each registry, read at each pull."""

import os
from collections.abc import Iterable
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say, daemon, trust
from opendata_hub.registries import DOCKER_HUB, is_host

FOLDER = Path("/etc/docker/certs.d")
"""Where Docker Engine looks, under the registry's host; not for Docker Hub."""

_NAME = "opendata-hub.crt"


def ensure(site: Path | None, hosts: Iterable[str], say: Say) -> None:
    """
    Let this machine's engine trust the site's authority for these registries.

    Only root can, so that for others, and for an engine elsewhere, this does nothing. Files of
    others there are left as they are.

    Raises:
        MachineError: a file cannot be written.
    """
    if site is None or os.geteuid() != 0 or not daemon.is_local():
        return
    for host in missing(site, hosts):
        say(f"Docker Engine trusts the site's authority for {host}")
        file = FOLDER / host / _NAME
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_text(site), "utf-8")
        except OSError as error:
            raise MachineError(f"{file} cannot be written: {error.strerror}.") from None


def missing(site: Path, hosts: Iterable[str]) -> list[str]:
    """Return those registries for which the engine does not have the authority as it is now."""
    wanted = (host for host in hosts if host != DOCKER_HUB and is_host(host))
    return [host for host in wanted if _present(FOLDER / host / _NAME) != _text(site)]


def _text(site: Path) -> str:
    return "".join(trust.certificates(site))


def _present(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""
