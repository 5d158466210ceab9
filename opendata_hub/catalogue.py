"""The catalogue: which images people can start, as checked data."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from opendata_hub.errors import ConfigError
from opendata_hub.fields import Matching, Model, Number, Size, check, read_yaml

Slug = Annotated[
    str,
    Matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "write up to 63 lower-case letters, digits and dashes, such as root-6",
    ),
]


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

    @property
    def is_local(self) -> bool:
        """Whether it is made on this machine only: it has a recipe, and no registry is named."""
        first, slash, _ = self.image.partition("/")
        named = bool(slash) and ("." in first or ":" in first or first == "localhost")
        return self.build is not None and not named


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
    source: Path | list[Any] | tuple[Any, ...], where: str = "images", folder: Path | None = None
) -> Catalogue:
    """
    Read a catalogue.

    Args:
        source: path of a YAML file that holds a list (or ``images:`` with a list), or the list.
        where: what to call a list that comes without a file.
        folder: where the recipes of such a list are; without it they stay as they are written.

    Returns:
        Catalogue: the entries that are enabled. Recipe folders are absolute where it came from a
            file or with a folder.

    Raises:
        ConfigError: see :func:`opendata_hub.fields.check`; no entry is enabled, or a recipe is
            missing.
    """
    if isinstance(source, Path):
        where, folder, source = source.name, source.resolve().parent, read_yaml(source)
    catalogue = check(Catalogue, source if isinstance(source, dict) else {"images": source}, where)
    images = tuple(image for image in catalogue.images if image.enabled)
    if not images:
        raise ConfigError(f"{where}: no image is enabled; take `enabled: false` out of an entry.")
    return Catalogue(images=tuple(_with_recipe(image, folder, where) for image in images))


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
