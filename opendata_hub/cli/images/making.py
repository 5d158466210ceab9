"""``opendata-hub images build`` and ``test``: images from their recipes, and what proves them."""

from pathlib import Path

import click
import docker

from opendata_hub import places
from opendata_hub.catalogue import Image
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.errors import MachineError
from opendata_hub.fields import format_size
from opendata_hub.machine import recipes
from opendata_hub.machine.verify import verify
from opendata_hub.settings import Settings
from opendata_hub.settings.access import access

_SAMPLE = places.ASSETS / "datasets" / "sample"


@click.command()
@options.slugs
@options.config
@in_words()
def build(slugs: tuple[str, ...], config: Path | None) -> None:
    """
    Build images from their recipes: those named, else all that have one.

    What has not changed since it was built is left as it is.
    """
    settings = options.settings_of(config)
    chosen, way = _with_recipes(settings, slugs), access(settings)

    def run(client: docker.DockerClient) -> None:
        with steps() as say:
            for image, recipe in chosen:
                recipes.build(client, recipe, image.image, say, way)
                say(f"{image.slug} is built: {image.image}, {_size(client, image)}")

    options.with_engine(run)


@click.command()
@options.slugs
@options.config
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    envvar="OPENDATA_HUB_TEST_DATA",
    help="Folder with real data for the proofs, which see it as /data/real.  "
    "[default: $OPENDATA_HUB_TEST_DATA]",
)
@in_words()
def test(slugs: tuple[str, ...], config: Path | None, data: Path | None) -> None:
    """
    Run the proofs of built images inside them: of those named, else of all with a recipe.

    An image's proofs are the verify of its recipe, and those of the recipes that it stands on.
    """
    chosen = _with_recipes(options.settings_of(config), slugs)
    folders = {"sample": _SAMPLE} if _SAMPLE.is_dir() else {}
    if data:
        folders["real"] = data

    def run(client: docker.DockerClient) -> None:
        with steps() as say:
            for image, recipe in chosen:
                for line in verify(client, image.image, recipe, say, folders, image.memory):
                    say(f"{image.slug}: {line}")

    options.with_engine(run)


def _with_recipes(settings: Settings, slugs: tuple[str, ...]) -> list[tuple[Image, Path]]:
    """Return the named images with their recipes; without names all that have one."""
    images = options.chosen(settings, slugs)
    for image in images:
        if slugs and not image.build:
            raise MachineError(
                f"Image '{image.slug}' has no recipe: it comes from a registry; "
                "give its entry a `build`, or name another image."
            )
    return [(image, image.build) for image in images if image.build]


def _size(client: docker.DockerClient, image: Image) -> str:
    return format_size(client.images.get(image.image).attrs["Size"])
