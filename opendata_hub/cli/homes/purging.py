"""``opendata-hub homes purge``: homes deleted for good. Nothing else in this project does that."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from opendata_hub.cli.audited import Audited
from opendata_hub.cli.counting import count
from opendata_hub.cli.homes import house as houses
from opendata_hub.cli.homes.house import House, Place, house, names, of_users
from opendata_hub.cli.homes.sizes import Sized, sized, together
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import OpenDataError, StorageError
from opendata_hub.fields import parse_duration
from opendata_hub.settings.people import known_users
from opendata_hub.settings.state import State
from opendata_hub.storage import Home, Storage, shared
from opendata_hub.storage.occupants import occupants

_WORD = "yes"


def _ago(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.now(timezone.utc) - timedelta(seconds=parse_duration(value))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}; {error}.") from None


@click.command(cls=Audited)
@click.argument("users", nargs=-1, metavar="[USER]...")
@click.option(
    "--deleted-before",
    "before",
    metavar="TIME",
    callback=_ago,
    help="Only of users who were deleted so long ago, such as 90d.",
)
@click.option(
    "--left-in",
    metavar="PLACE",
    help=f"The homes that `move` has left: {houses.PLACES}.",
)
@click.option("--force", is_flag=True, help="Also of a named USER whom the hub knows.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.config
@in_words()
def purge(
    users: tuple[str, ...],
    before: datetime | None,
    left_in: str | None,
    force: bool,
    yes: bool,
    config: Path | None,
) -> None:
    """
    Delete homes for good, with their snapshots: those of deleted users, or of each USER named.

    It tells which, and asks. A home that a running server has stays, whatever is asked; so does
    that of a user whom the hub knows, or knows again, unless named with --force. What a move has
    left goes if the user has a home in the new place, or is named.
    """
    if before and (users or left_in):
        raise StorageError("--deleted-before is for homes of deleted users, where homes are now.")
    if force and (not users or left_in):
        raise StorageError("--force is for homes of users who are named.")
    with house(config) as found:
        place = houses.place(left_in) if left_in else found.place
        if left_in:
            homes = _left(found, place, users)
        elif users:
            homes = _named(found, users, force)
        else:
            homes = _of_deleted(found, before)
        _purge(found, place, homes, yes)


# -- which


def _named(found: House, users: Sequence[str], force: bool) -> list[Home]:
    homes = of_users(found.homes(), users)
    if held := [h.user for h in homes if shared.group_of(h.user) in found.settings.groups]:
        raise StorageError(
            f"{names(held)}: hub.yaml has the class; take it out first: opendata-hub class remove"
        )
    known = set() if force else known_users(State(found.settings.folder))
    if still := [home.user for home in homes if home.user in known]:
        raise StorageError(
            f"The hub knows {names(still)}. Delete users first, on the hub's admin page; or add "
            "--force, and their next server starts with an empty home."
        )
    if used := asyncio.run(occupants(found.engine, homes)):
        raise StorageError(f"A server runs of {names(sorted(used))}. Stop it first.")
    return homes


def _of_deleted(found: House, before: datetime | None) -> list[Home]:
    homes = [h for h in found.homes() if h.deleted and (before is None or h.deleted <= before)]
    if not homes:
        return []
    known = known_users(State(found.settings.folder))
    for home in homes:
        if home.user in known:
            click.echo(f"{home.user} stays: the hub knows this user again.")
    return _free(found, [home for home in homes if home.user not in known])


def _left(found: House, left_in: Place, users: Sequence[str]) -> list[Home]:
    """What a move has left: homes of users who are named, else of all who have one now."""
    if left_in == found.place:
        raise StorageError(
            f"{left_in.words} is where homes are now; nothing there was left by a move."
        )
    now = {home.user for home in found.homes()}
    homes = asyncio.run(found.opened(left_in).homes())
    if users:
        return _free(found, of_users(homes, users))
    for home in homes:
        if home.user not in now:
            click.echo(f"{home.user} stays: there is no home of theirs in {found.place.words}.")
    return _free(found, [home for home in homes if home.user in now])


def _free(found: House, homes: Sequence[Home]) -> list[Home]:
    used = asyncio.run(occupants(found.engine, homes))
    for user, container in used.items():
        click.echo(f"{user} stays: the container {container} runs with this home.")
    return [home for home in homes if home.user not in used]


# -- and away


def _purge(found: House, place: Place, homes: Sequence[Home], yes: bool) -> None:
    if not homes:
        click.echo("Nothing to delete.")
        return
    storage = found.storage if place == found.place else found.opened(place)
    items = sized(storage, homes)
    size = f", {together(items)}" if together(items) else ""
    Console(highlight=False).print(_table(found, place, items))
    click.echo(f"To be deleted for good, with their snapshots: {count(len(items), 'home')}{size}")
    if not yes and click.prompt(f"Type {_WORD} to delete", default="no") != _WORD:
        click.echo("Nothing is deleted.")
        raise SystemExit(1)
    gone = [item for item in items if _is_gone(found, storage, item.home)]
    size = f", {together(gone)}" if together(gone) else ""
    click.echo(f"Deleted {count(len(gone), 'home')}{size}.")
    if len(gone) < len(items):
        raise SystemExit(1)


def _is_gone(found: House, storage: Storage, home: Home) -> bool:
    """Delete one, unless somebody has come back; what goes wrong is told, and stops no other."""
    try:
        if _free(found, [home]):
            asyncio.run(storage.remove(home.user))
            return True
    except OpenDataError as error:
        click.echo(f"{home.user}: {error}", err=True)
    return False


def _table(found: House, place: Place, items: Sequence[Sized]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("User", "Deleted", "Size", "Snapshots", "Place"):
        number = column in ("Size", "Snapshots")
        table.add_column(column, overflow="fold", justify="right" if number else "left")
    for item in items:
        deleted = item.home.deleted
        since = f"{deleted.astimezone():%Y-%m-%d}" if deleted else "no"
        snapshots = found.snapshots(place, item.home.user)
        table.add_row(item.home.user, since, item.used, str(snapshots), item.home.place)
    return table
