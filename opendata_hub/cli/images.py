"""``opendata-hub images``: build, prove and list what people can start."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import docker
from rich.console import Console
from rich.table import Table

from opendata_hub.catalogue import Image
from opendata_hub.cli.start import CHECKOUT, find_config
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.errors import MachineError
from opendata_hub.fields import format_size, nearest
from opendata_hub.machine import daemon, inventory, recipes
from opendata_hub.machine.inventory import Item, State
from opendata_hub.machine.verify import verify
from opendata_hub.settings import Settings, defaults, load

_SAMPLE = CHECKOUT / "datasets" / "sample"
_COLOURS = {State.READY: "green", State.OUTDATED: "yellow"}
_AGES = ((86400, "day"), (3600, "hour"), (60, "minute"))

_config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The hub's settings.  [default: hub.yaml, where there is one]",
)
_slugs = click.argument("slugs", nargs=-1, metavar="[SLUG]...")


@click.group()
def images() -> None:
    """Build, prove and list the images of the catalogue."""


@images.command("list")
@_config
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@in_words()
def list_(config: Path | None, as_json: bool) -> None:
    """
    List the images: state, size, age and digest of each.

    A size counts layers that images share in each of them.
    """
    items = _with_engine(lambda client: inventory.look(client, _settings(config).catalogue))
    if as_json:
        click.echo(json.dumps([_plain(item) for item in items], indent=2))
    else:
        Console().print(_table(items))


@images.command()
@_slugs
@_config
@in_words()
def build(slugs: tuple[str, ...], config: Path | None) -> None:
    """
    Build images from their recipes: those named, else all that have one.

    What has not changed since it was built is left as it is.
    """
    chosen = _with_recipes(_settings(config), slugs)

    def run(client: docker.DockerClient) -> None:
        with steps() as say:
            for image, recipe in chosen:
                recipes.build(client, recipe, image.image, say)
                say(f"{image.slug} is built: {image.image}, {_size(client, image)}")

    _with_engine(run)


@images.command()
@_slugs
@_config
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
    chosen = _with_recipes(_settings(config), slugs)
    folders = {"sample": _SAMPLE} if _SAMPLE.is_dir() else {}
    if data:
        folders["real"] = data

    def run(client: docker.DockerClient) -> None:
        with steps() as say:
            for image, recipe in chosen:
                for line in verify(client, image.image, recipe, say, folders, image.memory):
                    say(f"{image.slug}: {line}")

    _with_engine(run)


def _settings(config: Path | None) -> Settings:
    config = config or find_config()
    return load(config) if config else defaults(CHECKOUT)


def _with_engine(run: Callable[[docker.DockerClient], Any]) -> Any:
    with closing(daemon.connect()) as client:
        return run(client)


def _with_recipes(settings: Settings, slugs: tuple[str, ...]) -> list[tuple[Image, Path]]:
    """Return the named images with their recipes, in the catalogue's order; without names all."""
    known = {image.slug: image for image in settings.catalogue.images}
    for slug in slugs:
        if slug not in known:
            raise MachineError(
                f"No image '{slug}' in the catalogue ({', '.join(known)}).{nearest(slug, known)}"
            )
        if not known[slug].build:
            raise MachineError(
                f"Image '{slug}' has no recipe: it comes from a registry; "
                "give its entry a `build`, or name another image."
            )
    return [(i, i.build) for i in known.values() if i.build and (i.slug in slugs or not slugs)]


def _size(client: docker.DockerClient, image: Image) -> str:
    return format_size(client.images.get(image.image).attrs["Size"])


def _plain(item: Item) -> dict[str, Any]:
    created = item.created.isoformat() if item.created else None
    return {**asdict(item), "state": item.state.value, "created": created}


def _table(items: list[Item]) -> Table:
    table = Table("Image", "State", "Size", "Age", "Digest", box=None, pad_edge=False)
    for item in items:
        colour = _COLOURS.get(item.state, "red")
        size = format_size(item.size) if item.size is not None else ""
        table.add_row(
            item.slug,
            f"[{colour}]{item.state.value}[/]",
            size,
            _age(item.created, datetime.now(timezone.utc)),
            item.digest[:19],
        )
    return table


def _age(created: datetime | None, now: datetime) -> str:
    if created is None:
        return ""
    seconds = int((now - created).total_seconds())
    for length, unit in _AGES:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "just made"
