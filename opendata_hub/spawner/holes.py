"""What the engine, or the operator's own settings, leave open in servers: the log says so once."""

from collections.abc import Iterable, Iterator, Mapping
from logging import Logger
from typing import Any

from opendata_hub.engine import seccomp
from opendata_hub.machine import daemon

_told: set[str] = set()


def tell(log: Logger, info: Mapping[str, Any], sources: Iterable[str]) -> None:
    """
    Warn of each hole that nobody was warned of since the hub's start.

    Args:
        info: the engine's answer to ``/info``.
        sources: paths and names of volumes that servers mount by the operator's will.
    """
    for hole in _holes(info, sources):
        if hole not in _told:
            _told.add(hole)
            log.warning(hole)


def _holes(info: Mapping[str, Any], sources: Iterable[str]) -> Iterator[str]:
    if not seccomp.is_on(info):
        yield (
            "The engine does not hold containers to a list of system calls (seccomp): students can "
            "ask anything of this machine's kernel. See what 'opendata-hub doctor' says."
        )
    for source in sources:
        if source.startswith("/") and daemon.is_within(source):
            yield (
                f"Servers mount {source}, in which the engine's socket is: whoever is let in there "
                "is root on this machine. Take it out of c.DockerSpawner.volumes or mounts."
            )
