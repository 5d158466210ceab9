"""A list of people, as it was exported -> checked people."""

import csv
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.errors import ConfigError
from opendata_hub.rosters import heads
from opendata_hub.rosters.people import LONGEST, Person, is_user, numbered, user_of

_LARGEST = 4 * 2**20  # bytes of a file
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

Row = tuple[int, list[str]]
"""Number of the line, and the cells."""


@dataclass(frozen=True)
class Roster:
    """
    A list that was read.

    Attributes:
        people: in the order of the list.
        source: head of the column that user names come from; empty in a list without heads.
        lines: how many name somebody; the same person may be there twice.
    """

    people: tuple[Person, ...]
    source: str = ""
    lines: int = 0

    @property
    def users(self) -> tuple[str, ...]:
        """Their user names."""
        return tuple(person.user for person in self.people)


def load(path: Path, column: str | None = None, known: Iterable[Person] = ()) -> Roster:
    """
    Read the file of a list of people; see :func:`read`.

    Raises:
        ConfigError: there is no such file, or it has a fault.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; mend that.") from None
    return read(content, str(path), column, known)


def read(
    content: bytes, where: str, column: str | None = None, known: Iterable[Person] = ()
) -> Roster:
    """
    Read a list of people: CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows' way.

    User names come from the column that is called so; else they are what stands before the @ of
    mail addresses; else they are made of the names, or are the ID numbers. A list without heads
    is one of user names alone, or of mail addresses.

    Args:
        where: what people call it; each sentence starts with it.
        column: head of the column with the user names, which are taken as they are.
        known: people who have a user name already; whoever has the same mail address is the same.

    Raises:
        ConfigError: one line per fault.
    """
    rows = _rows(_text(content, where), where)
    if column is None and not any(map(heads.kind, rows[0][1])):
        source, facts = _without_heads(rows, where)
        return Roster(_settled(facts, source, where, known), lines=len(facts))
    columns = heads.columns(rows[0][1], column, where)
    source = heads.source(columns)
    facts = [(line, _facts(cells, columns)) for line, cells in rows[1:]]
    people = _settled(facts, source, where, known)
    return Roster(people, heads.words(rows[0][1], columns, source), len(facts))


def _text(content: bytes, where: str) -> str:
    if content.startswith(_WORKBOOKS):
        raise ConfigError(f"{where} is a workbook; save it as CSV, and take that file.")
    if len(content) > _LARGEST:
        raise ConfigError(f"{where} has more than {_LARGEST // 2**20} MB; take the list alone.")
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return unicodedata.normalize("NFC", text)
    raise ConfigError(f"{where} is no text; save the list as CSV, and take that file.")


def _rows(text: str, where: str) -> list[Row]:
    """Lines that hold something, split in the way by which most heads are known."""
    rows = max((_split(text, mark) for mark in (",", ";", "\t")), key=_sense)
    if not rows:
        raise ConfigError(f"{where} is empty; it needs a line for each person.")
    return rows


def _split(text: str, mark: str) -> list[Row]:
    lines = text.splitlines()
    hint = int(bool(lines) and lines[0].lower().startswith("sep="))  # of Excel, for Excel
    rows = csv.reader(lines[hint:], delimiter=mark, skipinitialspace=True)
    try:
        found = [(rows.line_num + hint, list(map(_clean, cells))) for cells in rows]
    except csv.Error:  # a cell that is larger than any
        return []
    return [(line, cells) for line, cells in found if any(cells)]


def _sense(rows: Sequence[Row]) -> tuple[int, int]:
    return (sum(map(bool, map(heads.kind, rows[0][1]))), len(rows[0][1])) if rows else (-1, 0)


def _clean(cell: str) -> str:
    """Leave out what does not print, and all spaces but one between words."""
    kept = (char for char in cell if char.isprintable() or char.isspace())
    return " ".join("".join(kept).split())


def _facts(cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    found = {kind: cells[at] if at < len(cells) else "" for kind, at in columns.items()}
    parts = filter(None, (found.get("first", ""), found.get("last", "")))
    return {**found, "name": found.get("name") or " ".join(parts)}


def _without_heads(rows: Sequence[Row], where: str) -> tuple[str, list[tuple[int, dict[str, str]]]]:
    if any(len(list(filter(None, cells))) > 1 for _, cells in rows):
        raise ConfigError(
            f"{where}: the first line names no column that is known; write above each column what "
            "it holds: username, email, name, first name, surname, ID number."
        )
    values = [(line, next(filter(None, cells))) for line, cells in rows]
    source = "email" if all("@" in value for _, value in values) else "user"
    return source, [(line, {source: value}) for line, value in values]


def _settled(
    found: Iterable[tuple[int, Mapping[str, str]]],
    source: str,
    where: str,
    known: Iterable[Person],
) -> tuple[Person, ...]:
    """Give everybody a user name of their own."""
    taken = {person.user: person for person in known}
    by_email = {person.email.lower(): person.user for person in taken.values() if person.email}
    people: dict[str, Person] = {}
    faults = []
    for line, facts in found:
        person = _person(facts, source, by_email)
        if source == "email":
            person = numbered(person, {**taken, **people})
        if fault := _fault(person, facts.get(source, ""), people):
            faults.append(f"{where}, line {line}: {fault}")
        people.setdefault(person.user, person)
    if not people:
        faults.append(f"{where} names nobody; it needs a line for each person.")
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(people.values())


def _person(facts: Mapping[str, str], source: str, by_email: Mapping[str, str]) -> Person:
    value, email = facts.get(source, ""), facts.get("email", "")
    user = value if source in ("user", "number") else user_of(value)
    return Person(by_email.get(email.lower(), user.lower()), facts.get("name", ""), email)


def _fault(person: Person, value: str, people: Mapping[str, Person]) -> str:
    if not value:
        return "there is nothing to make a user name of; add it, or leave the line out."
    if not is_user(person.user):
        return (
            f"{value[:LONGEST]!r} gives no user name; write one of up to {LONGEST} characters, "
            "without spaces, commas and slashes, in a column username."
        )
    if people.get(person.user, person) != person:
        return (
            f"{person.user!r} is there twice; give each person a user name, in a column username."
        )
    return ""
