"""``opendata-hub images prune``: what nothing names and nobody uses goes."""

import json
from pathlib import Path
from typing import Any

import click
import docker

from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import MachineError
from opendata_hub.fields import format_size
from opendata_hub.machine import prune as pruning
from opendata_hub.machine.prune import Removable


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.config
@options.as_json
@in_words()
def prune(dry_run: bool, yes: bool, config: Path | None, as_json: bool) -> None:
    """
    Remove images that the hub pulled, built or loaded, that no entry of the catalogue names, that
    no container uses and nothing stands on.

    The digests before the last lock count as named. Images that came another way stay.
    """
    if as_json and not (dry_run or yes):
        raise MachineError("--json asks nothing; add --dry-run or --yes.")
    catalogue = options.settings_of(config).catalogue

    def run(client: docker.DockerClient) -> None:
        items = pruning.removable(client, catalogue)
        if not as_json:
            _tell(items)
        if items and not dry_run and not yes:
            click.confirm(f"Remove {_images(items)}?", abort=True)
        gone = [] if dry_run else [item for item in items if pruning.remove(client, item)]
        if as_json:
            click.echo(json.dumps([_plain(item, item in gone) for item in items], indent=2))
        elif items and not dry_run:
            _tell_end(items, gone)

    options.with_engine(run)


def _tell(items: list[Removable]) -> None:
    for item in items:
        click.echo(f"{item}, came {item.came.astimezone():%Y-%m-%d %H:%M}")
    if items:
        click.echo(f"Without them the disk has {_freed(items)} more.")
    else:
        click.echo("Nothing to remove: each image is named by the catalogue, in use, or not ours.")


def _tell_end(items: list[Removable], gone: list[Removable]) -> None:
    click.echo(f"Removed {_images(gone)}: {_freed(gone)}.")
    for item in items:
        if item not in gone:
            click.echo(f"{item} stays: somebody began to use it.")


def _images(items: list[Removable]) -> str:
    return f"{len(items)} {'image' if len(items) == 1 else 'images'}"


def _freed(items: list[Removable]) -> str:
    return format_size(sum(item.frees for item in items))


def _plain(item: Removable, removed: bool) -> dict[str, Any]:
    return {
        "id": item.id,
        "names": list(item.names),
        "came": item.came.isoformat(),
        "size": item.size,
        "frees": item.frees,
        "removed": removed,
    }
