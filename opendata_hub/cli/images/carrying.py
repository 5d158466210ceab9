"""``opendata-hub images save`` and ``load``: images as a file, for machines without network."""

from pathlib import Path

import click
import docker

from opendata_hub.cli.images import bars, options
from opendata_hub.cli.steps import in_words
from opendata_hub.fields import format_size
from opendata_hub.machine import parcels, sealing

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@_file
@options.slugs
@options.config
@in_words()
def save(file: Path, slugs: tuple[str, ...], config: Path | None) -> None:
    """
    Save images into FILE: those named, else all of the catalogue.

    It ends in .tar, or in .tar.gz for a file of a third of the size. What images share is in it
    once, and a checksum. A file of this name is replaced once the new one is whole.
    """
    images = options.chosen(options.settings_of(config), slugs)

    def run(client: docker.DockerClient) -> None:
        with bars.bar(f"Saving {file.name}") as tell:
            parcels.save(client, images, file, tell)

    options.with_engine(run)
    names = ", ".join(image.slug for image in images)
    click.echo(f"{file} has {names}: {format_size(file.stat().st_size)}")


@click.command()
@_file
@in_words()
def load(file: Path) -> None:
    """
    Load the images of FILE, which `save` made, after checking that it is whole.

    They have the names that they had, and locked ones start by their digests.
    """

    def run(client: docker.DockerClient) -> list[str]:
        with bars.bar(f"Checking {file.name}") as tell:
            length = sealing.check(file, tell)
        with bars.bar(f"Loading {file.name}") as tell:
            return parcels.load(client, file, tell, length)

    for name in sorted(options.with_engine(run)):
        click.echo(f"{name} is here")
