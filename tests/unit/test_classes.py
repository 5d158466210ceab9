"""Classes: whose server is started ahead of a lesson, and when."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from traitlets.config import Config as Traits

from opendata_hub.errors import ConfigError
from opendata_hub.services import classes
from opendata_hub.services.classes.config import VARIABLE
from opendata_hub.services.classes.roster import Roster, Task
from opendata_hub.settings import Settings, load
from opendata_hub.settings import classes as entries

START = datetime(2026, 11, 24, 14, 0, tzinfo=timezone.utc)
LESSON = classes.Lesson(
    name="physics",
    users=("anna", "ben", "cem"),
    image="root",
    start=START,
    end=START + timedelta(hours=2),
    warm_up=600,
)


def _minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def test_servers_start_from_the_warm_up_on_in_the_order_of_the_list() -> None:
    """Not a second earlier, and not after the end."""
    roster = Roster([LESSON])
    assert not roster.due(_minutes(-10.1), ())
    due = roster.due(_minutes(-10), ())
    assert due == [Task("physics", user, "root") for user in LESSON.users]
    assert not Roster([LESSON]).due(_minutes(120), ())


def test_who_has_a_server_or_had_one_in_the_lesson_is_left_alone() -> None:
    """Each server is started once: whoever stops it may do so."""
    roster = Roster([LESSON])
    assert [task.user for task in roster.due(_minutes(0), {"anna"})] == ["ben", "cem"]
    roster.done(Task("physics", "ben", "root"))
    assert [task.user for task in roster.due(_minutes(1), set())] == ["cem"]


def test_the_hub_runs_it_with_no_more_rights_than_it_needs() -> None:
    """It sees who has a server, and starts servers."""
    c = Traits()
    c.JupyterHub.services = []
    c.JupyterHub.load_roles = []
    classes.add(c, [LESSON])
    (service,) = c.JupyterHub.services
    told = json.loads(service["environment"][VARIABLE])
    assert told["lessons"][0]["users"] == ["anna", "ben", "cem"]
    (role,) = c.JupyterHub.load_roles
    assert role["scopes"] == ["list:users", "read:servers", "servers"]


HUB = """
groups: {{physics: [anna, ben]}}
images: [{{slug: one, display_name: One, image: example.org/one:1}}]
classes:
- {{name: Monday, start: 2026-11-24 14:00, end: 2026-11-24 16:00, {rest}}}
"""


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("group: phisics", "classes[0].group is 'phisics', which groups does not define; known: "
         "physics. Did you mean 'physics'?"),
        ("group: physics, image: two", "classes[0].image is 'two'; in the catalogue: one."),
        ("users: [anna], group: physics", "classes[0]: write one of users, group and roster."),
        ("users: [anna], start: tomorrow", None),
    ],
)  # fmt: skip
def test_a_wrong_class_is_told_what_to_write(tmp_path: Path, rest: str, fault: str | None) -> None:
    """A group, an image, a time: each fault is a sentence."""
    text = HUB.format(rest=rest)
    if fault is None:
        text = text.replace("start: 2026-11-24 14:00, ", "")
        fault = "classes[0].start is 'tomorrow'; write a day and a time, such as 2026-11-24 14:00."
    (tmp_path / "hub.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "hub.yaml")
    assert str(caught.value) == f"hub.yaml: {fault}"


def test_a_class_ends_after_it_begins(tmp_path: Path) -> None:
    """Two times that were swapped are told; a class of a group has its zone."""
    text = HUB.format(rest="group: physics")
    (tmp_path / "hub.yaml").write_text(text)
    (lesson,) = load(tmp_path / "hub.yaml").classes
    assert lesson.start.tzinfo and lesson.warm_up == 600
    (tmp_path / "hub.yaml").write_text(text.replace("16:00", "13:00"))
    with pytest.raises(ConfigError, match="write an end that is after the start"):
        load(tmp_path / "hub.yaml")


SCHOOL = """
login: {admins: [boss]}
groups: {physics: [anna, Ben], staff: [boss, dora]}
images: [{slug: one, display_name: One, image: example.org/one:1, groups: [chemistry]}]
classes:
- {name: Physics, group: physics, instructors: [Dora]}
- {name: Tuesday, group: physics, start: 2026-11-24 14:00, end: 2026-11-24 16:00}
- {name: chemistry, roster: chemistry.csv, instructors: [emil, dora]}
- {name: art, users: [boss], start: 2026-11-24 14:00, end: 2026-11-24 16:00}
"""


def _load(folder: Path, text: str) -> Settings:
    (folder / "chemistry.csv").write_text("username,name\ncarl,Carl\nanna,Anna\n")
    (folder / "hub.yaml").write_text(text)
    return load(folder / "hub.yaml")


def test_a_class_is_its_group(tmp_path: Path) -> None:
    """Entries of one group are one class; users and rosters make a group of the class's name."""
    settings = _load(tmp_path, SCHOOL)
    taught = entries.taught(settings.classes, settings.groups)
    assert settings.groups["chemistry"] == ("carl", "anna")
    assert settings.groups["art"] == ("boss",)
    assert settings.classes[2].roster == tmp_path / "chemistry.csv"
    assert taught == {
        "physics": entries.Taught(frozenset({"anna", "ben"}), ("dora",)),
        "chemistry": entries.Taught(frozenset({"carl", "anna"}), ("emil", "dora")),
    }
    lessons = entries.lessons(settings.classes, settings.groups)
    assert [(lesson.name, lesson.users) for lesson in lessons] == [
        ("Tuesday", ("anna", "Ben")),
        ("art", ("boss",)),
    ]


def test_a_class_may_come_in_where_the_login_is_elsewhere(tmp_path: Path) -> None:
    """Students and instructors are on the allow list; passwords of the hub need none."""
    settings = _load(tmp_path, SCHOOL.replace("{admins", "{method: pam, admins"))
    people = {"anna", "ben", "carl", "boss", "dora", "emil"}
    assert {*settings.login.allow.users} == people
    assert _load(tmp_path, SCHOOL).login.allow.users == ()


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("[anna, Ben]", "[anna, BOSS]", "'boss' is a student of physics, and an admin. The "
         "instructors of physics open its students' servers, and could act there with all the "
         "rights of 'boss'. Take the name off the students, or off the admins."),
        ("[anna, Ben]", "[anna, emil]", "'emil' is a student of physics, and an instructor."),
        ("[Dora]", "[Dora, ben]", "'ben' is a student of physics, and an instructor."),
        ("chemistry.csv", "none.csv", "none.csv cannot be read: No such file or directory"),
        ("name: chemistry, roster", "name: physics, roster", "classes[2].name is 'physics', which "
         "groups defines, too; write group: physics for its students, or take another name."),
        ("name: art, users: [boss], start: 2026-11-24 14:00,", "name: art, users: [boss],",
         "classes[3]: write both start and end, or none of them."),
        ("name: chemistry", "name: ../../etc", "classes[2]: name is '../../etc', and names a "
         "folder; write up to 64 letters, digits, dots and dashes, such as physics-101."),
        ("group: physics, instructors", "group: physics, roster: x.csv, instructors",
         "classes[0]: write one of users, group and roster."),
    ],
)  # fmt: skip
def test_what_would_let_somebody_rise_is_refused(
    tmp_path: Path, before: str, after: str, fault: str
) -> None:
    """Before the hub runs: who is whose student and more than that, and what cannot be a class."""
    assert before in SCHOOL
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, SCHOOL.replace(before, after))
    assert fault in str(caught.value)
