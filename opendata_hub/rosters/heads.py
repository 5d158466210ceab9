"""What the columns of a list are, by their heads in some of the languages of learning platforms."""

import re
from collections.abc import Mapping, Sequence

from opendata_hub.errors import ConfigError
from opendata_hub.rosters.people import plain
from opendata_hub.sentences import nearest

_HEADS = {
    "user": "username user login loginname account userid benutzername anmeldename kennung "
    "identifiant nomdutilisateur nomeutente usuario nombredeusuario",
    "email": "email emailaddress mail emailadresse mailadresse adressedecourriel courriel "
    "indirizzoemail correoelectronico direcciondecorreo",
    "first": "firstname givenname forename vorname prenom nome nombre",
    "last": "lastname surname familyname nachname nom cognome apellido apellidos",
    "name": "name fullname displayname student vollstandigername nomcomplet nomecompleto "
    "nombrecompleto",
    "number": "id idnumber studentid studentnumber matriculationnumber matrikelnummer "
    "numerodidentification numerodeid matricola",
}
_KINDS = {head: kind for kind, heads in _HEADS.items() for head in heads.split()}
SOURCES = ("user", "email", "name", "number")
"""What user names come from, best first."""


def kind(head: str) -> str:
    """Return what a column holds, by its head; empty where nobody knows."""
    return _KINDS.get(re.sub(r"[^a-z]", "", plain(head).lower()), "")


def columns(row: Sequence[str], named: str | None, where: str) -> dict[str, int]:
    """
    Return kind -> number of the columns, from left; of several of a kind, the first.

    Args:
        named: head of the column with the user names, whatever it looks like.

    Raises:
        ConfigError: there is no such column, or none that user names can come from.
    """
    found = {kind(head): at for at, head in reversed(list(enumerate(row))) if kind(head)}
    if named is not None:
        found["user"] = _number(row, named, where)
    if not source(found):
        raise ConfigError(
            f"{where} has no column that user names can come from; its columns: {_listed(row)}. "
            "Name one of them username, or email."
        )
    return found


def _number(row: Sequence[str], named: str, where: str) -> int:
    known = {head.casefold(): at for at, head in reversed(list(enumerate(row)))}
    if named.strip().casefold() not in known:
        raise ConfigError(
            f"{where} has no column {named!r}; its columns: {_listed(row)}.{nearest(named, row)}"
        )
    return known[named.strip().casefold()]


def _listed(row: Sequence[str]) -> str:
    return ", ".join(filter(None, row))


def source(columns: Mapping[str, int]) -> str:
    """Return the kind that user names come from; empty where there is none."""
    given = {*columns, *(["name"] if columns.keys() & {"first", "last"} else [])}
    return next((kind for kind in SOURCES if kind in given), "")


def words(row: Sequence[str], columns: Mapping[str, int], source: str) -> str:
    """Name the columns that user names come from, as the list does."""
    kinds = (source,) if source in columns else ("first", "last")
    return " and ".join(row[columns[kind]] for kind in kinds if kind in columns)
