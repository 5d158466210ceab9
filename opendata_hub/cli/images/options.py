"""What the verbs of ``opendata-hub images`` share: options, and how they reach what is chosen."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import click
import docker

from opendata_hub import places
from opendata_hub.catalogue import Image
from opendata_hub.cli.start import find_config
from opendata_hub.errors import MachineError
from opendata_hub.fields import nearest
from opendata_hub.machine import daemon
from opendata_hub.settings import Settings, defaults, load

T = TypeVar("T")

config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The hub's settings.  [default: hub.yaml, where there is one]",
)
slugs = click.argument("slugs", nargs=-1, metavar="[SLUG]...")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def settings_of(path: Path | None) -> Settings:
    """
    Read the hub's settings: the file given, else the one found, else a checkout's defaults.

    Raises:
        ConfigError: a file is missing or wrong.
    """
    path = path or find_config()
    return load(path) if path else defaults(places.ASSETS)


def with_engine(run: Callable[[docker.DockerClient], T]) -> T:
    """
    Call with a client of this machine's engine.

    Raises:
        EngineUnreachable: it does not answer, or not to this user.
    """
    with closing(daemon.connect()) as client:
        return run(client)


def chosen(settings: Settings, names: tuple[str, ...]) -> list[Image]:
    """
    Return the named images in the catalogue's order; without names all.

    Raises:
        MachineError: the catalogue has no such image.
    """
    known = {image.slug: image for image in settings.catalogue.images}
    for slug in names:
        if slug not in known:
            raise MachineError(
                f"No image '{slug}' in the catalogue ({', '.join(known)}).{nearest(slug, known)}"
            )
    return [image for image in known.values() if image.slug in names or not names]
