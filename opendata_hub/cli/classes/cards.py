"""Cards with a password each, to be printed, cut and laid on the tables."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from itertools import chain, count
from pathlib import Path

import click
import segno
from jinja2 import Environment
from jupyterhub.orm import DatabaseSchemaMismatch
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from opendata_hub.errors import ConfigError
from opendata_hub.rosters import Person
from opendata_hub.settings import Settings, accounts
from opendata_hub.settings.state import State, private

_FOLDER = "cards"


def require_open(folder: Path) -> None:
    """
    Make sure that passwords can be written.

    Args:
        folder: of hub.yaml.

    Raises:
        ConfigError: the hub's own files are another user's.
    """
    state = State(folder.resolve())
    for path in (state.folder, state.database_file):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            raise ConfigError(
                f"{path} is closed to you; run this as the user who runs the hub, such as with "
                "sudo."
            )


def require_place(file: Path | None) -> None:
    """
    Make sure that cards can go where somebody wants them.

    Raises:
        ConfigError: it is no place for a page, or something is there.
    """
    if file and file.suffix.lower() != ".html":
        raise ConfigError(f"--cards is '{file}'; write a name that ends in .html.")
    for path in (file, file.with_suffix(".txt")) if file else ():
        if path.exists():
            raise ConfigError(f"{path} is there already; take another name.")
    if file and not file.parent.is_dir():
        raise ConfigError(f"--cards is '{file}', in no folder that is there; make it first.")


def hand_out(settings: Settings, name: str, people: Sequence[Person], file: Path | None) -> None:
    """
    Give everybody a password who has none, on a card.

    Args:
        name: of the class.
        file: where the cards go; None for a place of the hub's own.

    Raises:
        ConfigError: cards or passwords cannot be written; then nobody has a new one.
    """
    state = State(settings.folder)
    state.make()
    with database(state) as db:
        passwords = accounts.new_passwords(db, [person.user for person in people])
        if not passwords:
            click.echo("Everybody has a password already; no card is made.")
            return
        page = write(settings, name, [p for p in people if p.user in passwords], passwords, file)
        accounts.set_passwords(db, passwords)
    click.echo(f"New passwords: {len(passwords)}, on cards to print: {page}")
    click.echo("Only you can read that file, and the same as plain text. Delete both afterwards.")


@contextmanager
def database(state: State) -> Iterator[Session]:
    """
    Open the hub's database, which may be in use.

    Raises:
        ConfigError: it cannot be used.
    """
    _hush()
    try:
        with accounts.hub_database(state.database) as db:
            yield db
    except DatabaseSchemaMismatch:
        raise ConfigError(
            f"{state.database_file} is of another version of JupyterHub; start the hub, which "
            "upgrades it, and run this again."
        ) from None
    except SQLAlchemyError as error:
        raise ConfigError(f"{state.database_file} cannot be used: {error}") from None


def _hush() -> None:
    """Have the making of a new database, before the hub's first start, log nothing."""
    logging.disable(logging.INFO)


def write(
    settings: Settings,
    name: str,
    people: Sequence[Person],
    passwords: Mapping[str, str],
    file: Path | None,
) -> Path:
    """
    Write cards as a page to print, and as plain text beside it; return the page.

    Raises:
        ConfigError: they cannot be written, or are there.
    """
    page = file or _free(State(settings.folder).folder / _FOLDER, name)
    cards = [(person, passwords[person.user]) for person in people]
    lines = [f"{settings.hub.title}, {name}: {settings.hub.url}", ""]
    lines += ["\t".join((p.user, password, p.name)).rstrip() for p, password in cards]
    _put(page, _page(settings, name, cards))
    _put(page.with_suffix(".txt"), "\n".join((*lines, "")))
    return page


def _page(settings: Settings, name: str, cards: Sequence[tuple[Person, str]]) -> str:
    url = settings.hub.url
    code = segno.make(url, micro=False).svg_inline(border=0, omitsize=True)
    source = resources.files(__package__).joinpath("cards.html").read_text("utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        source
    )
    return template.render(
        title=settings.hub.title,
        name=name,
        url=url,
        code=Markup(code),  # noqa: S704  # it is made here, of an address that was checked
        cards=cards,
    )


def _free(folder: Path, name: str) -> Path:
    """Return a place for new cards: older ones may not have been printed yet."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made: {error.strerror}.") from None
    names = chain((name,), (f"{name}-{number}" for number in count(2)))
    pages = (folder / f"{each}.html" for each in names)
    return next(page for page in pages if not page.exists())


def _put(file: Path, text: str) -> None:
    try:
        with open(file, "x", opener=private, encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError(f"{file} is there already; take another name.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from None
