"""An image of the catalogue on an engine: found under its names, and given them."""

import docker
from docker.errors import ImageNotFound
from docker.models.images import Image as Found

from opendata_hub.catalogue import Image
from opendata_hub.engine import BROUGHT, translated


def find(client: docker.DockerClient, image: Image) -> Found | None:
    """
    Return the image that an entry means now, or None where the engine does not have it.

    Where the entry has a digest an image of the same tag does not count.
    """
    with translated():
        for name in image.names:
            try:
                return client.images.get(name)
            except ImageNotFound:
                continue
    return None


def give_name(client: docker.DockerClient, image: Image) -> None:
    """
    Give an image that is here by digest its name and tag, so that ``docker run NAME:TAG`` works.

    An older image loses them.
    """
    found = find(client, image) if image.digest else None
    if found and image.tagged:
        tag(client, str(found.id), image.tagged)


def mark(client: docker.DockerClient, image: str) -> None:
    """Mark an image, by its id, as one that came through us."""
    tag(client, image, f"{BROUGHT}:{image.removeprefix('sha256:')[:12]}")


def tag(client: docker.DockerClient, image: str, name: str) -> None:
    """Give an image, by its id, a name with a tag."""
    of, _, tag = name.rpartition(":")
    with translated():
        client.api.tag(image, of, tag)
