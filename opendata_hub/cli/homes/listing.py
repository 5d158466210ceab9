"""``opendata-hub homes list``: whose files are where, and how much."""

import json
from pathlib import Path
from typing import Any

import click
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from opendata_hub.cli.counting import count
from opendata_hub.cli.homes.house import house
from opendata_hub.cli.homes.sizes import Sized, sized, together
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.fields import format_size

_WARN, _FULL = 0.8, 0.95  # of a quota
_BAR = 16  # characters


@click.command("list")
@options.config
@options.as_json
@in_words()
def list_(config: Path | None, as_json: bool) -> None:
    """List homes: user, size, quota, since when the user is deleted, and where the files are."""
    with house(config) as found:
        items = sized(found.storage, found.homes())
        if as_json:
            click.echo(json.dumps([_plain(item) for item in items], indent=2))
        elif items:
            Console(highlight=False).print(_table(items))
            _tell_end(items)
        else:
            click.echo(f"There are no homes yet in {found.place.words}.")


def _plain(item: Sized) -> dict[str, Any]:
    return {
        "user": item.home.user,
        "place": item.home.place,
        "used": item.space.used if item.space else None,
        "quota": item.space.quota if item.space else None,
        "deleted": item.home.deleted.isoformat() if item.home.deleted else None,
    }


def _table(items: list[Sized]) -> Table:
    quotas = any(item.space and item.space.quota for item in items)
    gone = any(item.home.deleted for item in items)
    table = Table(box=None, pad_edge=False)
    table.add_column("User", overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    if quotas:
        table.add_column("Quota", justify="right", no_wrap=True)
        table.add_column("", width=_BAR)
    if gone:
        table.add_column("Deleted", no_wrap=True)
    table.add_column("Place", overflow="fold")
    for item in items:
        deleted = f"{item.home.deleted.astimezone():%Y-%m-%d}" if item.home.deleted else ""
        row: list[Any] = [item.home.user, item.used]
        row += _quota(item) if quotas else []
        table.add_row(*row, *([deleted] if gone else []), item.home.place)
    return table


def _quota(item: Sized) -> list[Any]:
    if not item.space or not item.space.quota:
        return ["", ""]
    share = item.space.used / item.space.quota
    colour = "red" if share >= _FULL else "yellow" if share >= _WARN else "green"
    return [format_size(item.space.quota), Bar(1, 0, share, color=colour, bgcolor="grey30")]


def _tell_end(items: list[Sized]) -> None:
    total, gone = together(items), [item for item in items if item.home.deleted]
    click.echo(f"\n{count(len(items), 'home')}{f', {total}' if total else ''}.", nl=False)
    click.echo(f" Of deleted users: {len(gone)}." if gone else "")
    if trouble := next((item.trouble for item in items if item.trouble), ""):
        click.echo(f"Sizes are not known. {trouble}", err=True)
