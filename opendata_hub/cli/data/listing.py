"""``opendata-hub data list``: what there is of each dataset."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from opendata_hub.cli.data.choosing import chosen
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.fetching.standing import Standing, State, look
from opendata_hub.fields import format_size

_COLOURS = {
    State.COMPLETE: "green",
    State.FOLDER: "green",
    State.PARTLY: "yellow",
    State.OUTDATED: "yellow",
}
_WORDS = {State.OUTDATED: "an older version"}


@click.command("list")
@options.config
@options.as_json
@in_words()
def list_(config: Path | None, as_json: bool) -> None:
    """
    List the datasets: name, state, size, files, who sees them, and where they are.

    Nothing is read but names and sizes; `data verify` compares checksums.
    """
    datasets = chosen(options.settings_of(config), ())
    found = [look(name, dataset) for name, dataset in datasets.items()]
    if as_json:
        click.echo(json.dumps([_plain(item) for item in found], indent=2))
    elif found:
        Console(highlight=False).print(_table(found))
    else:
        click.echo("hub.yaml has no datasets.")


def _plain(item: Standing) -> dict[str, Any]:
    return {**asdict(item), "state": item.state.value, "path": str(item.path)}


def _table(found: list[Standing]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Name", no_wrap=True)
    table.add_column("State")
    for column in ("Size", "Files"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("Groups", overflow="fold")
    table.add_column("Folder", overflow="fold")
    for item in found:
        table.add_row(
            item.name,
            f"[{_COLOURS.get(item.state, 'red')}]{_state(item)}[/]",
            format_size(item.size) if item.size is not None else "",
            f"{item.files:,}" if item.files is not None else "",
            escape(", ".join(item.groups)),
            escape(str(item.path)),
        )
    return table


def _state(item: Standing) -> str:
    words = _WORDS.get(item.state, item.state.value)
    if item.state is State.OUTDATED and item.here:
        return f"{words}, {_so_far(item)} of the new one"
    if item.state is State.DAMAGED:
        return f"{words}: {len(item.faults):,} of its files"
    return f"{words}: {_so_far(item)}" if item.state is State.PARTLY else words


def _so_far(item: Standing) -> str:
    return format_size(item.here) if item.share is None else f"{100 * item.share:.0f}%"
