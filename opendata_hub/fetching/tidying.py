"""Versions that nobody sees any more."""

import time
from collections.abc import Callable, Iterable, Iterator

import docker

from opendata_hub.engine import translated
from opendata_hub.errors import DataError
from opendata_hub.fetching.place import Place, Version, unwritable

SETTLED = 10.0
"""Seconds after a swap: a server that was being started then has its version mounted by now."""


def mounted(client: docker.APIClient) -> set[str]:
    """
    Return the folders of this machine that containers have mounted, whether they run or not.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        containers = client.containers(all=True)
    return {
        mount["Source"]
        for container in containers
        for mount in container.get("Mounts", ())
        if mount.get("Source")
    }


def wait(places: Iterable[Place]) -> None:
    """Let starts that have begun with the version before come to their end."""
    last = max((place.swapped for place in places if place.old), default=0.0)
    time.sleep(min(SETTLED, max(0.0, last + SETTLED - time.time())))


def tidy(place: Place, mounted: Callable[[], set[str]]) -> Iterator[bool]:
    """
    Remove the old versions of a dataset that no container has; yield for each whether it went.

    Args:
        mounted: asked once no version can become an old one any more.

    Raises:
        DataError: somebody fetches into it, or one cannot be removed.
    """
    with place.claimed():
        in_use = mounted()
        for version in place.old:
            is_used = str(version.folder) in in_use
            if not is_used:
                _remove(version)
            yield not is_used


def _remove(version: Version) -> None:
    try:
        version.remove()
    except OSError as error:
        raise DataError(unwritable(version.folder, error)) from None
