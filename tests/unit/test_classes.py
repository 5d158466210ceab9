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
from opendata_hub.settings import load

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
        ("users: [anna], group: physics", "classes[0]: write one of users and group."),
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
