"""``opendata-hub bundle``: a hub in one file, for a machine without network."""

from pathlib import Path

import click
import docker

from opendata_hub import bundle as bundles
from opendata_hub.bundle import Contents
from opendata_hub.cli.counting import count
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.fields import format_size
from opendata_hub.settings.access import access


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@options.config
@in_words()
def bundle(file: Path, config: Path | None) -> None:
    """
    Pack a hub into FILE, a tar, for a machine without network.

    In it are the program, the distribution's packages, and the catalogue's images and the datasets
    as this machine has them. It is for machines of this one's distribution, release and
    architecture. hub.yaml is not in it: it may hold secrets.
    """
    settings = options.settings_of(config)
    contents = Contents(settings.catalogue.images, settings.datasets, settings.folder)

    def run(client: docker.DockerClient) -> None:
        with access(settings).taken(), steps() as say:
            about = bundles.pack(client, contents, file, say)
        images = count(len(about["images"]), "image")
        data = count(len(about["datasets"]), "dataset")
        click.echo(
            f"{file} is whole: {format_size(file.stat().st_size)}, {images}, {data}, for "
            f"{about['distribution']} {about['release']} on {about['architecture']}.\n"
            "Carry it over, and hub.yaml with what it names. There:\n"
            f"  tar -xf {file.name} bootstrap.py\n"
            f"  sudo python3 bootstrap.py --bundle {file.name} --config hub.yaml"
        )

    options.with_engine(run)
