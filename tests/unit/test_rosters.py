"""Lists of people: what is read of exports, and what is said of the others."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata_hub import rosters
from opendata_hub.errors import ConfigError
from opendata_hub.rosters import Person, is_user, read, written

ANNA = Person("anna", "Anna Müller", "anna@uni.example")

MOODLE = 'First name;Surname;"Email address"\nAnna;"Müller";anna@uni.example\n'


@pytest.mark.parametrize(
    "content",
    [
        MOODLE.encode(),
        MOODLE.encode("utf-8-sig"),
        MOODLE.encode("utf-16"),
        MOODLE.encode("cp1252"),
        MOODLE.replace(";", ",").encode(),
        MOODLE.replace(";", "\t").replace("\n", "\r\n").encode(),
        f"sep=;\n{MOODLE}\n;;\n\n".encode(),
        "Vorname;Nachname;E-Mail-Adresse\nAnna;Müller;anna@uni.example".encode(),
        "Prénom,Nom,Adresse de courriel\nAnna,Müller,anna@uni.example".encode("cp1252"),
        "Username,Full name,Email\nAnna,  Anna   Müller ,anna@uni.example\n".encode(),
        "ID number,Username,Name,Mail,Groups\n17,anna,Anna Müller,anna@uni.example,A\n".encode(),
    ],
)
def test_exports_are_read_whatever_their_form(content: bytes) -> None:
    """Separators, encodings, languages, heads in any order, lines of nothing."""
    assert read(content, "list.csv").people == (ANNA,)


@pytest.mark.parametrize(
    ("content", "users"),
    [
        ("anna\nben\n", ["anna", "ben"]),
        ("anna@x.example\nben@x.example", ["anna", "ben"]),
        ("name\nJürgen O'Brien\nŁukasz Øst\n", ["jurgen.o.brien", "lukasz.ost"]),
        ("ID number\nS123\n", ["s123"]),
        ("ID number;Surname\nS123;Weiß\n", ["weiss"]),
        ("email\nanna@x.example\nanna@y.example\nanna@x.example\n", ["anna", "anna2"]),
        ("username\nanna\nANNA\n", ["anna"]),
    ],
)
def test_user_names_come_from_what_there_is(content: str, users: list[str]) -> None:
    """A column of them, else mail addresses, names, numbers; two addresses are two people."""
    assert [*read(content.encode(), "list.csv").users] == users


def test_the_column_can_be_named() -> None:
    """Then it is taken as it is, whatever else is there."""
    content = b"Email;Kennung XY\nanna@x.example;an42\n"
    assert read(content, "list.csv", "kennung xy").people == (
        Person("an42", email="anna@x.example"),
    )
    with pytest.raises(ConfigError, match=r"no column 'Kenung XY'.*Did you mean 'Kennung XY'"):
        read(content, "list.csv", "Kenung XY")


def test_whoever_is_known_keeps_the_user_name() -> None:
    """By the mail address; a newcomer whose address begins alike gets another one."""
    known = [Person("anna", "Anna", "anna@x.example"), Person("cem")]
    content = b"email\nANNA@x.example\nanna@y.example\ncem@x.example\n"
    assert read(content, "list.csv", known=known).users == ("anna", "anna2", "cem")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "list.csv is empty"),
        (b"username\n", "list.csv names nobody"),
        (b"PK\x03\x04rest", "list.csv is a workbook; save it as CSV"),
        (b"a\0b", "list.csv is no text"),
        (b"x" * (4 * 2**20 + 1), "more than 4 MB"),
        (b"Groups;Room\nA;1\n", "the first line names no column that is known"),
        (b"First names\nx,y\n", "the first line names no column"),
        (b"username,name\nanna,A\nanna,B\n", "line 3: 'anna' is there twice"),
        (b"name\nAnna B\nAnna B\nx\nanna-b", None),
        (b"username\nan na\n", "line 2: 'an na' gives no user name"),
        (b"username,name\n,Anna\n", "line 2: there is nothing to make a user name of"),
        (b"username\n..\n", "'..' gives no user name"),
        (b"username\n../../root\n", "gives no user name"),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, fault: str | None) -> None:
    """File, line, what is wrong, what to write; two lines of one person are one person."""
    if fault is None:
        assert read(content, "list.csv").users == ("anna.b", "x", "anna-b")
        return
    with pytest.raises(ConfigError) as caught:
        read(content, "list.csv")
    assert fault in str(caught.value)
    assert str(caught.value).startswith("list.csv")


HEADS = st.sampled_from(["username", "email", "First name", "Surname", "ID number", "Groups", ""])
CELLS = st.text(max_size=12) | st.sampled_from(["anna", "a@b.c", '"', "=1+1", "\n", ";", "\x00"])


def _people(content: bytes) -> tuple[Person, ...]:
    """What is read, or nothing where it is refused in a sentence."""
    try:
        return read(content, "list.csv").people
    except ConfigError as error:
        assert str(error).startswith("list.csv")
        return ()


@given(
    heads=st.lists(HEADS, min_size=1, max_size=4),
    rows=st.lists(st.lists(CELLS, max_size=5), max_size=6),
    mark=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_any_table_gives_people_or_a_sentence(
    heads: list[str], rows: list[list[str]], mark: str, encoding: str
) -> None:
    """Whoever is read has a user name that can be one, and nobody else has it."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=mark).writerows([heads, *rows])
    people = _people(stream.getvalue().encode(encoding, "replace"))
    users = [person.user for person in people]
    assert len(users) == len({*users})
    assert all(is_user(user) and user == user.lower() for user in users)


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_no_bytes_end_in_a_traceback(content: bytes) -> None:
    """Whatever somebody takes for a list."""
    _people(content)


USERS = st.from_regex(r"[a-z][a-z0-9._+-]{0,20}", fullmatch=True)
WORDS = st.text(st.characters(categories=["L", "N", "P"]), max_size=10)


@given(st.lists(st.builds(Person, USERS, WORDS, WORDS), min_size=1, unique_by=lambda p: p.user))
def test_what_is_written_reads_back(people: list[Person]) -> None:
    """The hub's own list, again and again."""
    once = read(written(people).encode(), "list.csv").people
    assert [person.user for person in once] == [person.user for person in people]
    assert read(written(once).encode(), "list.csv").people == once


def test_a_file_that_is_not_there_is_told() -> None:
    """As everything that cannot be read."""
    with pytest.raises(ConfigError, match=r"none.csv cannot be read: No such file"):
        rosters.load(Path("none.csv"))
