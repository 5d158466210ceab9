"""The catalogue's images on this machine's engine: pulled, or built from their recipes."""

import docker

from opendata_hub.catalogue import Catalogue, Image, default_of
from opendata_hub.errors import MachineError
from opendata_hub.machine import Say, presence, pulling, recipes
from opendata_hub.machine.access import DIRECT, Access


def ensure(
    client: docker.DockerClient, catalogue: Catalogue, say: Say, access: Access = DIRECT
) -> None:
    """
    Make the default image, so that people can start something.

    Of the others :func:`unbuilt` are made on request, and pulled when somebody first starts them.

    Raises:
        MachineError: the image can neither be pulled nor built.
    """
    default = default_of(catalogue.images)
    if default:
        make(client, default, say, access)


def unbuilt(client: docker.DockerClient, catalogue: Catalogue) -> list[Image]:
    """Return the images that only this machine can make and that are not as their recipes say."""
    local = [image for image in catalogue.images if image.is_local]
    return [image for image in local if not _is_current(client, image)]


def _is_current(client: docker.DockerClient, image: Image) -> bool:
    try:
        return image.build is None or recipes.is_current(client, image.build, image.image)
    except MachineError:
        return False  # what is wrong with its recipe is said where somebody builds it


def make(client: docker.DockerClient, image: Image, say: Say, access: Access = DIRECT) -> None:
    """
    Pull an image unless it is here, or build it as its recipe says now.

    Raises:
        MachineError: it can neither be pulled nor built.
    """
    if image.build and image.is_local:
        recipes.build(client, image.build, image.image, say, access)
        return
    if presence.find(client, image):
        return
    try:
        pulling.fetch(client, image.reference, access, say)
        presence.give_name(client, image)
    except MachineError as error:
        if not image.build or image.is_locked:
            raise
        say(f"{error} Building it instead.")
        recipes.build(client, image.build, image.image, say, access)
