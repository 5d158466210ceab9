"""``opendata-hub class password``: a new password for whoever has lost theirs."""

from pathlib import Path

import click

from opendata_hub.cli.audited import Audited
from opendata_hub.cli.classes.book import book
from opendata_hub.cli.classes.cards import database, require_open, require_place, write
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import ConfigError
from opendata_hub.fields import nearest
from opendata_hub.rosters import Person
from opendata_hub.settings import Settings, accounts, tokens
from opendata_hub.settings.presets import NATIVE
from opendata_hub.settings.state import State


@click.command(cls=Audited)
@click.argument("users", nargs=-1, required=True, metavar="USER...")
@click.option(
    "--cards",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write cards to print, too, .html.",
)
@options.config
@in_words()
def password(users: tuple[str, ...], cards: Path | None, config: Path | None) -> None:
    """
    Give each USER a new password, and print it; the one before is void.

    The hub may run. Whoever is logged in stays so.
    """
    require_place(cards)
    found = book(config)
    settings = found.settings
    if settings is None or found.login != NATIVE:
        raise ConfigError(f"Passwords are not kept by the hub: people log in with {found.login}.")
    require_open(settings.folder)
    names = list(dict.fromkeys(map(str.lower, users)))
    for name, new in _renewed(settings, names, cards).items():
        click.echo(f"{name}  {new}")


def _renewed(settings: Settings, names: list[str], cards: Path | None) -> dict[str, str]:
    state = State(settings.folder)
    tokens.require(state)
    known = {user.lower() for users in settings.groups.values() for user in users}
    with database(state) as db:
        for name in names:
            if name not in known and not accounts.has_account(db, name):
                raise ConfigError(f"There is no account of '{name}'.{nearest(name, known)}")
        passwords = {name: accounts.new_password() for name in names}
        if cards:
            write(settings, "new password", [Person(name) for name in names], passwords, cards)
        accounts.set_passwords(db, passwords)
    return passwords
