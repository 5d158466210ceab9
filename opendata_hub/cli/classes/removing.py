"""``opendata-hub class remove``: a class that is over."""

from pathlib import Path

import click

from opendata_hub.cli.audited import Audited
from opendata_hub.cli.classes.book import RESTART, book
from opendata_hub.cli.counting import count
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import ConfigError
from opendata_hub.settings import class_edits


@click.command(cls=Audited)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.config
@in_words()
def remove(name: str, yes: bool, config: Path | None) -> None:
    """
    Take a class NAME and its lessons out of hub.yaml.

    Everything else is kept: its list, its folder, the accounts of its students and their homes.
    """
    found = book(config)
    entries = found.require(name)
    text = class_edits.removed(found.file, name)
    asked = f"Take {name} ({count(len(found.students(name)), 'student')}) out of {found.file}?"
    if not yes and not click.confirm(asked):
        raise ConfigError("Nothing is changed.")
    found.write(text)
    click.echo(f"{name} is out of {found.file}; accounts, homes and the class's folder are kept.")
    if roster := next((entry.roster for entry in entries if entry.roster), None):
        click.echo(f"The list of its students is still there: {roster}")
    click.echo("Who has a password can still log in; admins delete users on the hub's admin page.")
    click.echo(RESTART)
