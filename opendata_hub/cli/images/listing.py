"""``opendata-hub images list``: what there is of each image."""

import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.fields import format_size
from opendata_hub.machine import inventory
from opendata_hub.machine.inventory import Item, State

_COLOURS = {State.READY: "green", State.OUTDATED: "yellow"}
_AGES = ((86400, "day"), (3600, "hour"), (60, "minute"))


@click.command("list")
@options.config
@options.as_json
@in_words()
def list_(config: Path | None, as_json: bool) -> None:
    """
    List the images: state, size, age and digest of each, and whether it is locked.

    A size counts layers that images share in each of them.
    """
    catalogue = options.settings_of(config).catalogue
    items = options.with_engine(lambda client: inventory.look(client, catalogue))
    if as_json:
        click.echo(json.dumps([_plain(item) for item in items], indent=2))
    else:
        Console().print(_table(items))


def _plain(item: Item) -> dict[str, Any]:
    created = item.created.isoformat() if item.created else None
    return {**asdict(item), "state": item.state.value, "created": created}


def _table(items: list[Item]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("Slug", "State", "Size", "Age", "Locked", "Digest", "Image"):
        table.add_column(column, no_wrap=column != "Image", overflow="fold")
    for item in items:
        colour = _COLOURS.get(item.state, "red")
        size = format_size(item.size) if item.size is not None else ""
        table.add_row(
            item.slug,
            f"[{colour}]{item.state.value}[/]",
            size,
            _age(item.created) if item.created else "",
            "yes" if item.locked else "",
            item.digest.removeprefix("sha256:")[:12],
            item.image,
        )
    return table


def _age(moment: datetime) -> str:
    """How long ago something was: ``3 days``."""
    seconds = int((datetime.now(timezone.utc) - moment).total_seconds())
    for length, unit in _AGES:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "just made"
