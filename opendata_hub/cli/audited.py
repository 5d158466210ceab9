"""Commands that change something on a hub: that they ran is written down."""

from typing import Any

import click

from opendata_hub.cli.images import options
from opendata_hub.errors import OpenDataError
from opendata_hub.settings.audit import ledger, operator

_NAMES = ("name", "names", "user", "users", "slugs")


class Audited(click.Command):
    """
    A command whose end is an event of the hub: by whom, with which users, and how it went.

    Of what was typed only names of classes, users, images and datasets are kept; the rest may hold
    secrets.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, and write that down."""
        outcome = "failed"
        try:
            result = super().invoke(ctx)
            outcome = "done"
            return result
        finally:
            _note(ctx, outcome)


def _note(ctx: click.Context, outcome: str) -> None:
    """A hub whose settings have a fault has no place to write to; the command has said so."""
    facts = {
        "by": operator(),
        "command": ctx.command_path.partition(" ")[2],
        "arguments": [str(name) for key in _NAMES for name in _each(ctx.params.get(key))],
        "outcome": outcome,
    }
    try:
        settings = options.settings_of(ctx.params.get("config"))
        book = ledger(settings.audit, settings.folder)
        if book and book.file.parent.is_dir():
            book.append("command", facts)
    except OpenDataError:
        return
    except OSError as error:
        click.echo(f"This is not written down: {error}", err=True)


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()
