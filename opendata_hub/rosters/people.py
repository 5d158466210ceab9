"""The people of a class, and their user names."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from opendata_hub.fields import Matching

UserName = Annotated[
    str, Matching(r"[^\s,/]+", "write a user name, without spaces, commas and slashes")
]

LONGEST = 64
"""Characters of a user name that comes from a list: it is typed, from paper."""

_USER = re.compile(rf"(?!\.+$)[^\s,/\\?#%:;\"'<>]{{1,{LONGEST}}}")
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE"})


class Person(NamedTuple):
    """Somebody in a class. Name and address may be empty."""

    user: str
    name: str = ""
    email: str = ""

    def differs(self, other: "Person") -> bool:
        """Whether their addresses tell them apart."""
        mine, theirs = self.email.lower(), other.email.lower()
        return bool(mine and theirs) and mine != theirs


def is_user(name: str) -> bool:
    """Whether a text of a list can be a user's name, on paper and in addresses."""
    return bool(_USER.fullmatch(name)) and name.isprintable()


def plain(text: str) -> str:
    """Spell a text in ASCII, as far as its letters have a plain one within them."""
    folded = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return folded.encode("ascii", "ignore").decode()


def user_of(text: str) -> str:
    """Make a user name of what stands before the @ of an address, or of a name; may be empty."""
    words = re.sub(r"[^A-Za-z0-9._+-]+", ".", plain(text.partition("@")[0]))
    return words.strip(".").lower()


def numbered(person: Person, taken: Mapping[str, Person]) -> Person:
    """Put a number behind the user name where somebody else, by the address, has it."""
    names = (person.user, *(f"{person.user}{number}" for number in range(2, len(taken) + 3)))
    free = (name for name in names if name not in taken or not person.differs(taken[name]))
    return person._replace(user=next(free))


def written(people: Iterable[Person]) -> str:
    """Return the list as CSV, which reads back as it is."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("username", "name", "email"))
    table.writerows(people)
    return stream.getvalue()
