"""Which images of the catalogue this machine's engine has, and in which state."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import docker
from docker.models.images import Image as Found

from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.machine import presence, recipes

_FRACTION = re.compile(r"(?:\.(\d+))?(?=[+-]\d\d:\d\d$)")


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
        image: its reference, as the catalogue has it.
        locked: whether the catalogue's lock says by digest which image it is.
        size: bytes with all its layers, also those that others share; None where it is not there.
        created: when it was made.
        digest: ``sha256:…`` by which registries know it; else the engine's own id of it, which no
            image has that is not there and not locked.
    """

    slug: str
    image: str
    state: State
    locked: bool
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
    found = presence.find(client, image)
    if found is None:
        absent = State.NOT_BUILT if image.is_local else State.NOT_HERE
        return Item(image.slug, image.image, absent, image.is_locked, digest=image.digest)
    current = not (image.build and image.is_local) or recipes.is_current(
        client, image.build, image.image
    )
    return Item(
        image.slug,
        image.image,
        State.READY if current else State.OUTDATED,
        image.is_locked,
        int(found.attrs["Size"]),
        moment(found.attrs["Created"]),
        image.digest or _digest(found),
    )


def _digest(found: Found) -> str:
    names = found.attrs.get("RepoDigests") or ()
    return next((str(name).partition("@")[2] for name in names), str(found.id))


def moment(text: str) -> datetime:
    """Read the engine's time, which has up to nine digits of a second, or none."""
    six = _FRACTION.sub(lambda found: f".{found[1] or '0':0<6.6}", text.replace("Z", "+00:00"), 1)
    return datetime.fromisoformat(six)
