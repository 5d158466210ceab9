"""Which images may go again, and their removal: only what came through us."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound

from opendata_hub.catalogue import BY_DIGEST, Catalogue, repository
from opendata_hub.engine import BROUGHT, translated
from opendata_hub.fields import format_size
from opendata_hub.homes import LABEL
from opendata_hub.machine import layers
from opendata_hub.machine.inventory import moment

_OURS = (BROUGHT, BY_DIGEST)


@dataclass(frozen=True)
class Removable:
    """
    An image that may go.

    Attributes:
        id: the engine's.
        names: tags and digests by which people may know it; an old version has none.
        came: when it was pulled, built or loaded.
        size: bytes with all its layers.
        frees: bytes that its removal frees once all that stand before it in the list are gone.
    """

    id: str
    names: tuple[str, ...]
    came: datetime
    size: int
    frees: int

    def __str__(self) -> str:
        known = self.names[0] if self.names else f"{self.id.removeprefix('sha256:')[:12]} (no name)"
        return f"{known}, {format_size(self.size)}"


@dataclass(frozen=True)
class _Image:
    """What decides about an image."""

    facts: dict[str, Any]
    history: list[dict[str, Any]]
    """The last step first."""

    @property
    def id(self) -> str:
        return str(self.facts["Id"])

    @property
    def references(self) -> list[str]:
        return [*(self.facts["RepoTags"] or ()), *(self.facts["RepoDigests"] or ())]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.references if repository(name) not in _OURS)

    @property
    def is_brought(self) -> bool:
        return any(repository(name) == BROUGHT for name in self.references)

    @property
    def is_built(self) -> bool:
        """Whether we built it: what stands on it inherits the label, but not as its last step."""
        labels = self.facts["Config"].get("Labels") or {}
        if labels.get(f"{LABEL}.role") != "image":
            return False
        return len(self.history) == 1 or f"LABEL {LABEL}." in self.history[0]["CreatedBy"]

    @property
    def is_ours(self) -> bool:
        """Whether it came through us, and nobody else gave it a name."""
        return (self.is_brought or self.is_built) and not self.has_other_names

    @property
    def has_other_names(self) -> bool:
        """Whether somebody gave it a name of their own besides the one that it came by."""
        return len({repository(name) for name in self.names}) > 1

    @property
    def came(self) -> datetime:
        tagged = self.facts.get("Metadata", {}).get("LastTagTime") or ""
        return moment(self.facts["Created"] if tagged < "0002" else tagged)

    def is_under(self, other: "_Image") -> bool:
        """Whether all its layers are the lowest ones of another image."""
        mine, theirs = (image.facts["RootFS"].get("Layers") or [] for image in (self, other))
        return bool(mine) and self.id != other.id and mine == theirs[: len(mine)]


def removable(
    client: docker.DockerClient, catalogue: Catalogue, keep: Collection[str] = ()
) -> list[Removable]:
    """
    Return the images that may go: those that came longest ago first, parents after children.

    These came through us: pulled, loaded or built. No entry of the catalogue names them, neither
    as it is written nor by the lock's digests, the earlier one included; no container uses them,
    whether it runs or not; nothing that stays stands on them; nobody gave them a second name.

    Args:
        keep: references that stay as well.

    Raises:
        EngineError: the engine does not tell.
    """
    with translated():
        images = list(_images(client))
        named = {name for image in catalogue.images for name in image.every_name}
        staying = _ids(client, {*named, *keep}) | _in_use(client)
        going = [i for i in images if i.id not in staying and i.is_ours]
    kept = [image for image in images if image not in going]
    going = [image for image in going if not any(image.is_under(other) for other in kept)]
    return _counted(images, _in_order(going))


def remove(client: docker.DockerClient, item: Removable) -> bool:
    """
    Remove an image with all its names; False where somebody uses it by now.

    Raises:
        EngineError: the engine does not answer, or refuses for another reason.
    """
    with translated():
        try:
            references = _image(client, item.id).references
            # The mark goes last: what cannot go stays known as ours.
            for name in sorted(references, key=lambda name: repository(name) == BROUGHT):
                with suppress(ImageNotFound):
                    client.api.remove_image(name)
            with suppress(ImageNotFound):
                client.api.remove_image(item.id)
        except ImageNotFound:
            return True
        except APIError as error:
            if error.status_code != 409:
                raise
            return False
    return True


def _images(client: docker.DockerClient) -> Iterator[_Image]:
    for listed in client.api.images():
        with suppress(ImageNotFound):
            yield _image(client, listed["Id"])


def _image(client: docker.DockerClient, name: str) -> _Image:
    return _Image(client.api.inspect_image(name), client.api.history(name))


def _ids(client: docker.DockerClient, references: set[str]) -> set[str]:
    found = set()
    for reference in references:
        try:
            found.add(str(client.api.inspect_image(reference)["Id"]))
        except APIError as error:
            if error.status_code not in (400, 404):  # no reference at all, or no image of it
                raise
    return found


def _in_use(client: docker.DockerClient) -> set[str]:
    return {container["ImageID"] for container in client.api.containers(all=True)}


def _in_order(images: list[_Image]) -> list[_Image]:
    """Oldest first, but each after all that stand on it: the engine does not let it go before."""
    ordered: dict[str, _Image] = {}

    def add(image: _Image) -> None:
        for other in images:
            if other.id not in ordered and image.is_under(other) and not other.is_under(image):
                add(other)
        ordered.setdefault(image.id, image)

    for image in sorted(images, key=lambda image: image.came):
        add(image)
    return list(ordered.values())


def _counted(everything: list[_Image], going: list[_Image]) -> list[Removable]:
    pieces = {i.id: layers.pieces(i.id, i.facts["Size"], i.history) for i in everything}
    users = Counter(key for some in pieces.values() for key in some)
    found = []
    for image in going:
        users.subtract(pieces[image.id].keys())
        frees = sum(size for key, size in pieces[image.id].items() if not users[key])
        size = image.facts["Size"]
        found.append(Removable(image.id, image.names, image.came, size, frees))
    return found
