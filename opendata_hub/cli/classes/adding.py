"""``opendata-hub class add``: a list of people -> a class, accounts and cards."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from opendata_hub import rosters
from opendata_hub.cli.audited import Audited
from opendata_hub.cli.classes.book import RESTART, Book, book
from opendata_hub.cli.classes.cards import hand_out, require_open, require_place
from opendata_hub.cli.counting import count
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import ConfigError
from opendata_hub.rosters import Person, Roster
from opendata_hub.settings import Settings, class_edits
from opendata_hub.settings.classes import NAME, NAME_RULE
from opendata_hub.settings.model import Hub
from opendata_hub.settings.presets import NATIVE
from opendata_hub.settings.state import private

_FOLDER = Path("rosters")
_SHOWN = 8  # people


@dataclass(frozen=True)
class Plan:
    """
    What shall become of a class.

    Attributes:
        file: its roster, beside hub.yaml.
        is_new: whether hub.yaml does not have the class yet.
        people: all of them, those that were there first.
        new: user names that are not in it yet.
    """

    name: str
    file: Path
    is_new: bool
    people: tuple[Person, ...]
    new: frozenset[str]


@click.command(cls=Audited)
@click.argument("name")
@click.option(
    "--roster",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="List of its students: CSV, as Moodle or a spreadsheet exports it.",
)
@click.option(
    "--instructor",
    "instructors",
    metavar="USER",
    multiple=True,
    help="Who teaches it; several times for several.",
)
@click.option(
    "--users-from",
    "column",
    metavar="COLUMN",
    help="Head of the column with the user names, if it is not the one that is found.",
)
@click.option(
    "--cards",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to put the cards with passwords, .html.  [default: in .hub/cards]",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.config
@in_words()
def add(
    name: str,
    roster: Path,
    instructors: tuple[str, ...],
    column: str | None,
    cards: Path | None,
    yes: bool,
    config: Path | None,
) -> None:
    """
    Make a class NAME of a list of students, or add those who are new.

    Where people log in with a password each, everybody who has none yet gets one, on a card to be
    printed. Nobody is taken out, and no password is changed.
    """
    require_place(cards)
    found, given = book(config), roster
    plan = _plan(found, name, given, column, instructors)
    if found.login == NATIVE:
        require_open(found.file.parent)
        _warn(found.hub)
    else:
        click.echo(f"These must be the names under which they log in with {found.login}.")
    if not yes and not click.confirm("Is that right?", default=True):
        raise ConfigError("Nothing is changed.")
    settings = _write(found, plan, instructors)
    click.echo(f"{name} has {count(len(plan.people), 'student')}; the list is {plan.file}.")
    if settings.login.method == NATIVE:
        hand_out(settings, name, plan.people, cards)
    click.echo(RESTART)


def _plan(
    found: Book, name: str, given: Path, column: str | None, instructors: Sequence[str]
) -> Plan:
    if not NAME.fullmatch(name):
        raise ConfigError(f"The class is {name!r}; {NAME_RULE}.")
    file = found.file.parent / _roster_of(found, name, instructors)
    before = rosters.load(file).people if file.exists() else ()
    read = rosters.load(given, column, before)
    new = frozenset(read.users) - {person.user for person in before}
    people = {person.user: person for person in (*before, *read.people)}
    is_new = not any(entry.key == name for entry in found.entries)
    plan = Plan(name, file, is_new, tuple(people.values()), new)
    _show(read, plan, given)
    return plan


def _roster_of(found: Book, name: str, instructors: Sequence[str]) -> Path:
    """Return the path of a class's own list, absolute or relative to hub.yaml."""
    entries = [entry for entry in found.entries if entry.key == name]
    if not entries and name in found.groups:
        raise ConfigError(
            f"{found.file} has a group {name} already; give the class another name, or write a "
            f"class with group: {name} there."
        )
    if not entries:
        return _FOLDER / f"{name}.csv"
    own = next((entry.roster for entry in entries if entry.roster), None)
    if own is None:
        raise ConfigError(f"The students of {name} are listed in {found.file}; add them there.")
    known = {user for entry in entries for user in entry.instructors}
    if not {*instructors} <= known:
        raise ConfigError(
            f"{found.file} says already who teaches {name}; add the instructors there."
        )
    return own


def _show(read: Roster, plan: Plan, given: Path) -> None:
    source = f"; user names from the column {read.source}" if read.source else ""
    lines = f" in {read.lines} lines" if read.lines != len(read.people) else ""
    click.echo(f"{given}: {count(len(read.people), 'student')}{lines}{source}.")
    table = Table(box=None, pad_edge=False)
    for head in ("User", "Name", "Email", ""):
        table.add_column(head, overflow="fold")
    for person in read.people[:_SHOWN]:
        table.add_row(*person, "" if person.user in plan.new else "is in the class")
    Console(highlight=False, markup=False).print(table)
    if len(read.people) > _SHOWN:
        click.echo(f"… and {len(read.people) - _SHOWN} more")
    stay = len(plan.people) - len(read.people)
    others = f" {stay} more are in it and stay." if stay else ""
    click.echo(f"New in {plan.name}: {len(plan.new)}.{others}")


def _warn(hub: Hub) -> None:
    if hub.loopback:
        click.echo(
            f"The cards will say {hub.url}, which works on this machine only. For others, write "
            "first, in hub.yaml under hub, the url by which they reach it.",
            err=True,
        )


def _write(found: Book, plan: Plan, instructors: Sequence[str]) -> Settings:
    """Write the list, then hub.yaml: with a fault, both are as they were."""
    before = plan.file.read_bytes() if plan.file.exists() else None
    entry: class_edits.Entry = {"name": plan.name, "roster": str(_FOLDER / plan.file.name)}
    if instructors:
        entry["instructors"] = [*dict.fromkeys(instructors)]
    try:
        _put(plan.file, rosters.written(plan.people).encode())
        text = class_edits.added(found.file, entry) if plan.is_new else None
        return found.write(text or found.file.read_text("utf-8"))
    except ConfigError:
        if before is None:
            plan.file.unlink(missing_ok=True)
        else:
            _put(plan.file, before)
        raise


def _put(file: Path, content: bytes) -> None:
    """Write a list, whole or not at all; it names people, and is for the hub's user alone."""
    draft = file.with_suffix(".part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(draft, "wb", opener=private) as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}; mend that.") from None
