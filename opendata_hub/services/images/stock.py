"""What an engine has of the catalogue's images, and what is made of them there; blocks."""

import logging
from collections.abc import Collection
from pathlib import Path

import docker
from docker import errors

from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.engine import translated
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.machine import Say, presence, prune, recipes
from opendata_hub.machine.access import Access
from opendata_hub.services.images.disk import Disk

log = logging.getLogger(__name__)


def size(client: docker.DockerClient, image: Image) -> int | None:
    """
    Return the bytes of an image, or None where it is not here as the catalogue wants it.

    Raises:
        MachineError: its recipe is wrong.
        EngineError: the engine does not tell.
    """
    found = presence.find(client, image)
    if found is None or _is_outdated(client, image):
        return None
    return int(found.attrs["Size"])


def _is_outdated(client: docker.DockerClient, image: Image) -> bool:
    if image.build is None or not image.is_local:
        return False
    with translated():
        return not recipes.is_current(client, image.build, image.image)


def lacks(client: docker.DockerClient, names: Collection[str]) -> bool:
    """
    Whether an image is under none of these names, and could come under one of them.

    Names are a student's, too: what no image can be called will not come.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        return not any(_is_known_or_impossible(client, name) for name in names)


def _is_known_or_impossible(client: docker.DockerClient, name: str) -> bool:
    try:
        client.api.inspect_image(name)
    except errors.ImageNotFound:
        return False
    except errors.APIError as error:
        if not error.is_client_error():
            raise
    return True


def build(client: docker.DockerClient, image: Image, say: Say, access: Access) -> None:
    """
    Build an image from its recipe.

    Raises:
        MachineError: it cannot be built.
        EngineError: the engine does not answer.
    """
    with translated():
        recipes.build(client, image.build or Path(), image.image, say, access)


def make_room(
    client: docker.DockerClient, catalogue: Catalogue, disk: Disk, keep: Collection[str], more: int
) -> int:
    """
    Remove what nothing names and nobody uses, oldest first, until the disk is below its watermark.

    Args:
        keep: references that stay as well.
        more: bytes that shall fit in below the watermark.

    Returns:
        int: how many images have gone.

    Raises:
        EngineError: the engine does not tell what it has.
    """
    gone = 0
    for item in prune.removable(client, catalogue, keep):
        if not disk.is_too_full(more):
            break
        gone += _remove(client, item)
    return gone


def _remove(client: docker.DockerClient, item: prune.Removable) -> bool:
    try:
        removed = prune.remove(client, item)
    except EngineUnreachable:
        raise
    except EngineError as error:
        log.warning("%s cannot be removed: %s", item, error)
        return False
    if removed:
        log.info("Removed %s: the disk is above its watermark", item)
    return removed
