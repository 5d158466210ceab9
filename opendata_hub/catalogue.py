"""The catalogue: which images people can start, as checked data."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from opendata_hub import locks
from opendata_hub.errors import ConfigError
from opendata_hub.fields import Matching, Model, Number, Size, check, read_yaml

Slug = Annotated[
    str,
    Matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "write up to 63 lower-case letters, digits and dashes, such as root-6",
    ),
]

BY_DIGEST = "opendata-hub/digest"
"""Repository of the tags that stand for digests where an image came as a file: an engine knows the
digests of what it pulled, and no others."""


def _url_path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("write a path that starts with /, such as /lab")
    return value


class Image(Model):
    """One entry of the catalogue. Field names follow KubeSpawner where it has them."""

    slug: Slug = Field(description="Short name in links and scripts: letters, digits, dashes.")
    display_name: str = Field(description="Name on the card.", min_length=1)
    description: str = Field("", description="What is inside and for whom, in a sentence or two.")
    enabled: bool = Field(
        True, description="Write `false` to keep an entry for later: nobody sees or gets it."
    )
    default: bool = Field(False, description="Chosen unless people choose. One entry at most.")
    image: str = Field(
        description="Reference of the image, with tag or digest. Without a registry's host it is "
        "made on this machine and never pulled, where `build` is given.",
        min_length=1,
    )
    build: Path | None = Field(
        None, description="Folder of the recipe, relative to the catalogue's file."
    )
    follow_tag: bool = Field(
        False,
        description="Look again and again whether the tag means a newer image, and pull it; "
        "servers that run keep theirs.",
    )
    default_url: Annotated[str, AfterValidator(_url_path)] = Field(
        "/lab", description="Where people land, such as `/lab` or `/lab/tree/welcome.ipynb`."
    )
    memory: Size | None = Field(None, description="Memory limit; else `limits.memory`.")
    cpu: Number | None = Field(None, gt=0, description="CPU limit in cores; else `limits.cpu`.")
    groups: tuple[str, ...] = Field(
        (), description="Only members of these groups see and get it; empty: everyone."
    )
    tags: tuple[str, ...] = Field((), description="Words on the card, found by the search.")
    environment: dict[str, str] = Field({}, description="Variables of its servers.")
    capabilities: tuple[str, ...] = Field(
        (), description="Linux capabilities that its servers keep, such as `SETUID`. Normally none."
    )
    allow_privilege_escalation: bool = Field(
        False, description="Let programs such as sudo gain rights (no `no-new-privileges`)."
    )
    fast_launch: bool = Field(
        True,
        description="Have its servers put off what they need not do to come up. Write `false` "
        "where that does harm.",
    )

    _pin: locks.Pin | None = PrivateAttr(None)

    @property
    def is_local(self) -> bool:
        """Whether it is made on this machine only: it has a recipe, and no registry is named."""
        first, slash, _ = self.image.partition("/")
        named = bool(slash) and ("." in first or ":" in first or first == "localhost")
        return self.build is not None and not named

    def pinned(self, pin: locks.Pin | None) -> "Image":
        """Return the entry as the catalogue's lock has it; what is made here cannot be locked."""
        copy = self.model_copy()
        copy._pin = None if self.is_local else pin
        return copy

    @property
    def is_locked(self) -> bool:
        """Whether the catalogue's lock, and not the tag, says what it is."""
        return self._pin is not None

    @property
    def digest(self) -> str:
        """``sha256:…`` of the lock, else as it is written in the reference, else empty."""
        return self._pin.digest if self._pin else self.image.partition("@")[2]

    @property
    def reference(self) -> str:
        """What is pulled and started: by digest where it is locked, else as it is written."""
        return self._at(self._pin.digest) if self._pin else self.image

    @property
    def tagged(self) -> str:
        """``NAME:TAG`` for people; empty where it is written with a digest and no tag."""
        name, digest, _ = self.image.partition("@")
        if repository(name) != name:
            return name
        return "" if digest else f"{name}:latest"

    @property
    def names(self) -> tuple[str, ...]:
        """What the engine may know it by, once it is here: the reference first."""
        return (self.reference, *_tags(self.digest))

    @property
    def every_name(self) -> frozenset[str]:
        """:attr:`names`, the reference as it is written, and what the lock can go back to."""
        before = self._pin.previous if self._pin else None
        return frozenset(
            {*self.names, self.image, *((self._at(before), *_tags(before)) if before else ())}
        )

    def _at(self, digest: str) -> str:
        return f"{repository(self.image)}@{digest}"


def repository(reference: str) -> str:
    """Return a reference without its tag and digest."""
    return re.sub(r":[^:/]*$", "", reference.partition("@")[0])


def _tags(digest: str) -> tuple[str, ...]:
    return (f"{BY_DIGEST}:{digest.partition(':')[2]}",) if digest else ()


class Catalogue(Model):
    """A list of images with one default: the one marked, else the first."""

    images: tuple[Image, ...] = Field(description="The images.", min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "Catalogue":
        slugs = [image.slug for image in self.images]
        twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
        if twice:
            raise ValueError(f"give each image a slug of its own; '{twice[0]}' is used twice")
        marked = [image.slug for image in self.images if image.default]
        if len(marked) > 1:
            raise ValueError(f"mark one image as default, not {' and '.join(marked)}")
        return self

    def visible(self, groups: Collection[str]) -> tuple[Image, ...]:
        """Images that a member of ``groups`` may start, in order; may be empty."""
        return tuple(
            image
            for image in self.images
            if not image.groups or not set(image.groups).isdisjoint(groups)
        )


def default_of(images: tuple[Image, ...]) -> Image | None:
    """Return the image marked as default, else the first, else None where there are none."""
    return next((image for image in images if image.default), images[0] if images else None)


def load(
    source: Path | list[Any] | tuple[Any, ...],
    where: str = "images",
    folder: Path | None = None,
    lock: Path | None = None,
) -> Catalogue:
    """
    Read a catalogue.

    Args:
        source: path of a YAML file that holds a list (or ``images:`` with a list), or the list.
        where: what to call a list that comes without a file.
        folder: where the recipes of such a list are; without it they stay as they are written.
        lock: file with the digests; without it, the one beside the catalogue's, if there is one.

    Returns:
        Catalogue: the entries that are enabled, as the lock has them. Recipe folders are absolute
            where it came from a file or with a folder.

    Raises:
        ConfigError: see :func:`opendata_hub.fields.check`; no entry is enabled, a recipe is
            missing, or the lock has a fault.
    """
    if isinstance(source, Path):
        lock = lock or locks.beside(source)
        where, folder, source = source.name, source.resolve().parent, read_yaml(source)
    catalogue = check(Catalogue, source if isinstance(source, dict) else {"images": source}, where)
    images = tuple(image for image in catalogue.images if image.enabled)
    if not images:
        raise ConfigError(f"{where}: no image is enabled; take `enabled: false` out of an entry.")
    pins = locks.read(lock).images if lock else {}
    return Catalogue(
        images=tuple(
            _with_recipe(image, folder, where).pinned(pins.get(image.image)) for image in images
        )
    )


def _with_recipe(image: Image, folder: Path | None, where: str) -> Image:
    if folder is None or image.build is None:
        return image
    recipe = folder / image.build
    if not (recipe / "Dockerfile").is_file():
        raise ConfigError(
            f"{where}: image '{image.slug}' has build {str(image.build)!r}, but {recipe} "
            "holds no Dockerfile; write the path of a folder with one."
        )
    return image.model_copy(update={"build": recipe})
