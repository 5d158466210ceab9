"""The commands of ``opendata-hub class``: lists, hub.yaml, passwords and cards."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from opendata_hub.cli import main
from opendata_hub.settings import accounts, class_edits, load
from opendata_hub.settings.state import State

HUB = """\
# The hub of our lab.
hub: {title: Lab <1>, url: "http://lab.example.org:8000"}
images:  # what there is
  - {slug: one, display_name: One, image: "example.org/a:1"}

# The end.
"""
ROSTER = (
    "First name;Surname;Email address\nAnna;<Müller>;anna@uni.example\nBen;Li;ben@uni.example\n"
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hub.yaml").write_text(HUB)
    Path("list.csv").write_text(ROSTER, "cp1252")


@pytest.fixture
def db() -> Iterator[Session]:
    """The hub's database, as the hub sees it meanwhile."""
    state = State(Path.cwd())
    state.make()
    with accounts.hub_database(state.database) as db:
        yield db


def run(*arguments: str, answer: str = "") -> Result:
    """Run a verb."""
    return CliRunner().invoke(main, ["class", *arguments], input=answer)


def passwords(text: str) -> dict[str, str]:
    """User and password, of the plain text of cards."""
    return dict(line.split("\t")[:2] for line in text.splitlines()[2:])


def test_a_list_becomes_a_class_with_cards(db: Session) -> None:
    """It is shown and asked for; comments stay; the passwords on the cards are those that work."""
    made = run("add", "physics-101", "--roster", "list.csv", "--instructor", "dora", answer="y\n")

    assert made.exit_code == 0, made.output
    assert "anna  Anna <Müller>  anna@uni.example" in made.output
    assert "start it again" in made.output
    assert Path("hub.yaml").read_text() == (
        f"{HUB}\nclasses:\n  - name: physics-101\n    roster: rosters/physics-101.csv\n"
        "    instructors: [dora]\n"
    )
    settings = load(Path("hub.yaml"))
    assert settings.groups == {"physics-101": ("anna", "ben")}
    for path in ("rosters/physics-101.csv", ".hub/cards/physics-101.html"):
        assert Path(path).stat().st_mode & 0o777 == 0o600
    page = Path(".hub/cards/physics-101.html").read_text("utf-8")
    assert "Anna &lt;Müller&gt;" in page and "Lab &lt;1&gt;, physics-101" in page
    assert page.count("<svg") == 2
    for user, password in passwords(Path(".hub/cards/physics-101.txt").read_text()).items():
        assert password in page
        assert UserInfo.find(db, user).is_valid_password(password)


def test_nothing_is_done_without_a_yes() -> None:
    """Neither files nor accounts."""
    for answer in ("n\n", ""):
        assert run("add", "physics-101", "--roster", "list.csv", answer=answer).exit_code == 1
    assert Path("hub.yaml").read_text() == HUB
    assert {path.name for path in Path().iterdir()} == {"hub.yaml", "list.csv"}


def test_twice_adds_who_is_new_and_changes_no_password(db: Session) -> None:
    """Those who are there keep name and password, those who are missing stay, the others come."""
    assert run("add", "x-1", "--roster", "list.csv", "--yes").exit_code == 0
    before = UserInfo.find(db, "anna").password
    Path("list.csv").write_text("email\ncem@uni.example\nanna@uni.example\nanna@x.example\n")
    again = run("add", "x-1", "--roster", "list.csv", "--yes")

    assert "New in x-1: 2. 1 more are in it and stay." in again.output
    assert load(Path("hub.yaml")).groups == {"x-1": ("anna", "ben", "cem", "anna2")}
    assert set(passwords(Path(".hub/cards/x-1-2.txt").read_text())) == {"cem", "anna2"}
    db.expire_all()
    assert UserInfo.find(db, "anna").password == before
    third = run("add", "x-1", "--roster", "list.csv", "--yes")
    assert "Everybody has a password already; no card is made." in third.output


def test_a_fault_leaves_all_as_it_was(db: Session) -> None:
    """A list with an admin in it would be one of whose servers instructors are masters."""
    Path("list.csv").write_text("username\nanna\nadmin\n")
    refused = run("add", "x-1", "--roster", "list.csv", "--instructor", "dora", "--yes")

    assert refused.exit_code == 1
    assert "'admin' is a student of x-1, and an admin" in refused.output
    assert Path("hub.yaml").read_text() == HUB
    assert not list(Path("rosters").iterdir())
    assert UserInfo.all_users(db) == []


def test_what_is_to_be_known_is_said_before_it_asks() -> None:
    """Cards with an address of this machine alone; and logins elsewhere, for which are none."""
    at_home = run("add", "x-1", "--roster", "list.csv", answer="n\n")
    assert "works on this machine only" not in at_home.stderr
    Path("hub.yaml").write_text(HUB.replace("lab.example.org", "localhost"))
    at_home = run("add", "x-1", "--roster", "list.csv", answer="n\n")
    assert "http://localhost:8000, which works on this machine only" in at_home.stderr
    Path("hub.yaml").write_text(f"{HUB}login: {{method: pam, admins: [root]}}\n")
    made = run("add", "x-1", "--roster", "list.csv", "--yes")

    assert made.exit_code == 0, made.output
    assert "the names under which they log in with pam" in made.output
    assert load(Path("hub.yaml")).login.allow.users == ("anna", "ben")
    assert not Path(".hub").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a b", "--roster", "list.csv"], "The class is 'a b'; write up to 64 letters"),
        (["x-1", "--roster", "none.csv"], "none.csv cannot be read: No such file"),
        (["one", "--roster", "list.csv"], "hub.yaml has a group one already"),
        (["two", "--roster", "list.csv"], "The students of two are listed in"),
        (["x-1", "--roster", "list.csv", "--users-from", "Kennung"], "has no column 'Kennung'"),
        (["x-1", "--roster", "list.csv", "--cards", "x.pdf"], "write a name that ends in .html"),
    ],
)
def test_what_cannot_be_added_is_refused(arguments: list[str], words: str) -> None:
    """In one sentence with the next step, and exit code 1."""
    extra = "groups: {one: [x]}\nclasses:\n- {name: two, users: [y]}\n"
    Path("hub.yaml").write_text(HUB + extra)
    refused = run("add", *arguments, "--yes")

    assert refused.exit_code == 1
    assert words in refused.output
    assert Path("hub.yaml").read_text() == HUB + extra


def test_a_new_password_for_whoever_lost_theirs(db: Session) -> None:
    """The old one is void; nobody gets one whom the hub does not know."""
    run("add", "x-1", "--roster", "list.csv", "--yes")
    said = run("password", "Anna")
    new = re.fullmatch(r"anna  (\S+)\n", said.output)

    assert new and UserInfo.find(db, "anna").is_valid_password(new[1])
    assert db.query(UserInfo).filter_by(username="anna").count() == 1
    refused = run("password", "ana")
    assert refused.exit_code == 1
    assert "There is no account of 'ana'. Did you mean 'anna'?" in refused.output


def test_classes_are_listed_and_removed() -> None:
    """A class that is over leaves hub.yaml as it was before; its list stays."""
    run("add", "x-1", "--roster", "list.csv", "--instructor", "dora", "--yes")
    assert re.search(r"x-1\s+2\s+dora", run("list").output)
    assert "There is no class 'x-2'" in run("remove", "x-2", "--yes").output
    assert run("remove", "x-1", answer="n\n").exit_code == 1
    gone = run("remove", "x-1", "--yes")

    assert "accounts, homes and the class's folder are kept" in gone.output
    assert Path("hub.yaml").read_text() == f"{HUB}\n"
    assert Path("rosters/x-1.csv").exists()
    assert "There are no classes" in run("list").output


ENTRY = {"name": "x-1", "roster": "rosters/x-1.csv"}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", True),
        ("classes:\nhub: {title: x}\n", True),
        ("classes:\n- name: a  # mine\n  users: [b]\n\n# limits\nlimits: {memory: 2G}", False),
        ("classes:\n    -   name: a\n        users: [b]\n", False),
        ("classes: [{name: a, users: [b]}]\n# end\n", True),
    ],
)
def test_all_else_in_hub_yaml_stays(text: str, whole: bool) -> None:
    """Added behind the last class; what was there is line by line the same, and is again."""
    file = Path("hub.yaml")
    file.write_text(text)
    new = class_edits.added(file, ENTRY)
    file.write_text(new)

    assert [*load_classes(new)][-1] == ENTRY
    if not whole:
        kept = iter(new.splitlines())
        assert all(line in kept for line in text.splitlines())
        assert class_edits.removed(file, "x-1") == text
    assert "x-1" not in class_edits.removed(file, "x-1")


def load_classes(text: str) -> list[dict[str, str]]:
    """The classes of a hub.yaml."""
    from ruamel.yaml import YAML

    found: list[dict[str, str]] = YAML(typ="safe", pure=True).load(text)["classes"]
    return found
