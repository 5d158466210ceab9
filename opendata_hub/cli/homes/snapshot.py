"""``opendata-hub homes snapshot``: homes kept as they are now, whatever the hour."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import click

from opendata_hub.cli.counting import count
from opendata_hub.cli.homes.house import House, house, of_users
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import StorageError
from opendata_hub.storage import Home


@click.command()
@click.argument("users", nargs=-1, metavar="[USER]...")
@options.config
@in_words()
def snapshot(users: tuple[str, ...], config: Path | None) -> None:
    """
    Keep homes as they are now, as before an exam: that of each USER named, or all.

    People see them at ~/snapshots at once. They go by the same rule as all others.
    """
    with house(config) as found:
        if not found.settings.homes.snapshots.enabled:
            raise StorageError("homes.snapshots is false in hub.yaml: take that out first.")
        homes = of_users(found.homes(), users) if users else found.homes()
        asyncio.run(_take(found, homes))


async def _take(found: House, homes: Sequence[Home]) -> None:
    snapshots, now = found.earlier(found.place), datetime.now(timezone.utc)
    kept: Counter[bool] = Counter()
    if homes:
        await snapshots.prepare()
    for home in homes:
        try:
            kept[await snapshots.take(home.user, now)] += 1
        except StorageError as error:
            click.echo(f"{home.user}: {error}", err=True)
    same = f" Not changed since their last one, or kept this minute: {kept[False]}."
    click.echo(f"Kept {count(kept[True], 'home')} as of now.{same if kept[False] else ''}")
    if kept.total() < len(homes):
        raise SystemExit(1)
