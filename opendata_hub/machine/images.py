"""The catalogue's images on this machine's engine: pulled, or built from their recipes."""

from collections.abc import Iterator
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from opendata_hub.catalogue import Catalogue, Image, default_of
from opendata_hub.errors import MachineError
from opendata_hub.fields import format_size
from opendata_hub.machine import Say, recipes


def ensure(client: docker.DockerClient, catalogue: Catalogue, say: Say) -> None:
    """
    Make the default image, so that people can start something.

    Of the others :func:`unbuilt` are made on request, and pulled when somebody first starts them.

    Raises:
        MachineError: the image can neither be pulled nor built.
    """
    default = default_of(catalogue.images)
    if default:
        _ensure(client, default, say)


def unbuilt(client: docker.DockerClient, catalogue: Catalogue) -> list[Image]:
    """Return the images that only this machine can make and that are not as their recipes say."""
    local = [image for image in catalogue.images if image.is_local]
    return [image for image in local if not _is_current(client, image)]


def _is_current(client: docker.DockerClient, image: Image) -> bool:
    try:
        return image.build is None or recipes.is_current(client, image.build, image.image)
    except MachineError:
        return False  # what is wrong with its recipe is said where somebody builds it


def _ensure(client: docker.DockerClient, image: Image, say: Say) -> None:
    if image.build and image.is_local:
        recipes.build(client, image.build, image.image, say)
        return
    if _is_here(client, image.image):
        return
    try:
        _pull(client, image.image, say)
    except MachineError as error:
        if not image.build:
            raise
        say(f"{error} Building it instead.")
        recipes.build(client, image.build, image.image, say)


def _is_here(client: docker.DockerClient, reference: str) -> bool:
    try:
        client.images.get(reference)
    except ImageNotFound:
        return False
    return True


def _pull(client: docker.DockerClient, reference: str, say: Say) -> None:
    say(f"Pulling {reference}")
    # Without a tag the engine would pull every one that the repository has.
    repository, tag = parse_repository_tag(reference)
    try:
        events = client.api.pull(repository, tag or "latest", stream=True, decode=True)
        _follow(events, say)
    except (APIError, MachineError) as error:
        reason = getattr(error, "explanation", None) or error
        raise MachineError(f"{reference} cannot be pulled: {reason}.") from None


def _follow(events: Iterator[dict[str, Any]], say: Say) -> None:
    """Say how much has come; raise the error that the engine writes into a stream that is 200."""
    layers: dict[str, tuple[int, int]] = {}
    for event in events:
        if "error" in event:
            raise MachineError(event["error"].strip())
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and "total" in detail:
            layers[event["id"]] = (detail["current"], detail["total"])
            done, total = (sum(column) for column in zip(*layers.values(), strict=True))
            say(f"  {format_size(done)} of {format_size(total)}")
