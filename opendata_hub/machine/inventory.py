"""Which images of the catalogue this machine's engine has, and in which state."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import docker
from docker.errors import ImageNotFound

from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.machine import recipes


class State(Enum):
    """What there is of an image."""

    READY = "ready"
    OUTDATED = "recipe changed"
    NOT_BUILT = "not built"
    NOT_HERE = "not downloaded"


@dataclass(frozen=True)
class Item:
    """
    One image of the catalogue, as the engine has it.

    Attributes:
        size: bytes with all its layers, also those that others share; None where it is not there.
        created: when it was made.
        digest: ``sha256:…`` by which registries know it; else the engine's own id of it.
    """

    slug: str
    image: str
    state: State
    size: int | None = None
    created: datetime | None = None
    digest: str = ""


def look(client: docker.DockerClient, catalogue: Catalogue) -> list[Item]:
    """
    Ask the engine for each image of the catalogue.

    Raises:
        MachineError: a recipe is missing.
    """
    return [_item(client, image) for image in catalogue.images]


def _item(client: docker.DockerClient, image: Image) -> Item:
    try:
        found = client.images.get(image.image)
    except ImageNotFound:
        return Item(image.slug, image.image, State.NOT_BUILT if image.is_local else State.NOT_HERE)
    current = not (image.build and image.is_local) or recipes.is_current(
        client, image.build, image.image
    )
    names = found.attrs.get("RepoDigests") or ()
    return Item(
        image.slug,
        image.image,
        State.READY if current else State.OUTDATED,
        int(found.attrs["Size"]),
        _moment(found.attrs["Created"]),
        next((name.partition("@")[2] for name in names), str(found.id)),
    )


def _moment(text: str) -> datetime:
    """Read the engine's time, which has nanoseconds."""
    return datetime.fromisoformat(f"{text[:19]}+00:00")
