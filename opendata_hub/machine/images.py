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
    Make what a class needs before it comes: entries with a recipe, and the default one.

    The others are pulled when somebody first starts them.

    Raises:
        MachineError: an image can neither be pulled nor built.
    """
    default = default_of(catalogue.images)
    for image in catalogue.images:
        if image.build or image is default:
            _ensure(client, image, say)


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
