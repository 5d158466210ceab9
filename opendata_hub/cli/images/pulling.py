"""``opendata-hub images pull``: images from their registries."""

from pathlib import Path

import click
import docker

from opendata_hub.catalogue import Image
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.images.outcomes import Outcome, each, end
from opendata_hub.cli.steps import in_words
from opendata_hub.engine import advised
from opendata_hub.engine import pull as pull_one
from opendata_hub.errors import EngineError, MachineError
from opendata_hub.fields import format_size
from opendata_hub.machine import presence
from opendata_hub.registries import auth_config
from opendata_hub.settings import Settings


@click.command()
@options.slugs
@options.config
@options.as_json
@in_words()
def pull(slugs: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """
    Pull images: those named, else all that come from a registry.

    Locked ones come by their digest. An image that fails does not stop the others.
    """
    settings = options.settings_of(config)
    images = [i for i in options.chosen(settings, slugs) if slugs or not i.is_local]
    if not images:
        click.echo("All images are made on this machine: opendata-hub images build", err=True)

    def run(client: docker.DockerClient) -> bool:
        return each(images, lambda image: _pull(client, image, settings), as_json)

    end(options.with_engine(run))


def _pull(client: docker.DockerClient, image: Image, settings: Settings) -> Outcome:
    if image.is_local:
        raise MachineError(f"It is made on this machine: opendata-hub images build {image.slug}")
    reference, logins = image.reference, settings.registries
    try:
        with bars.bar(image.slug) as tell, advised(logins, reference):
            for now in pull_one(client.api, reference, auth_config(logins, reference)):
                tell(now.done, now.total)
    except EngineError as error:
        raise MachineError(f"{reference} cannot be pulled: {str(error).rstrip('.')}.") from None
    presence.give_name(client, image)
    size = _size(client, image)
    facts = {"reference": reference, "size": size, "locked": image.is_locked}
    return Outcome(f"{image.image} is here, {format_size(size)}", facts)


def _size(client: docker.DockerClient, image: Image) -> int:
    found = presence.find(client, image)
    return int(found.attrs["Size"]) if found else 0
