"""What a rehearsal notes and reads; and who is in the hub besides it."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from opendata_hub import progress
from opendata_hub.engine import PullProgress
from opendata_hub.errors import ConfigError, RehearsalError
from opendata_hub.rehearsal import ledger, notebook, presence, rights
from opendata_hub.rehearsal.course import WAITING, Course, Failure, Phase, counts, phase_of, tally
from opendata_hub.rehearsal.homes import Homes
from opendata_hub.rehearsal.ledger import Ledger
from opendata_hub.rehearsal.notebook import Notebook, pick_kernel
from opendata_hub.spawner.capacity import FULL
from opendata_hub.startqueue import Place

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=timezone.utc)


def course(*steps: tuple[float, Phase], **more: Any) -> Course:
    """A student who went through these phases."""
    return Course("anna", list(steps), **more)


# -- the hub's news


def test_the_hubs_news_are_understood() -> None:
    """Each phase that our spawner tells of is told apart; a change of its words shows here."""
    assert phase_of(progress.in_line(Place(3, 12.0))["message"]) is Phase.LINE
    assert phase_of(progress.in_line(Place(3, 12.0, FULL))["message"]) is Phase.MEMORY
    assert phase_of(progress.starting()["message"]) is Phase.STARTING
    for early in (progress.preparing("Starter"), progress.creating()):
        assert phase_of(early["message"]) is Phase.ASKED
        assert phase_of(early["message"], Phase.LINE) is Phase.STARTING
    for pull in (PullProgress(0, 0), PullProgress(1, 2)):
        assert phase_of(progress.pulling("Starter", pull)["message"]) is Phase.IMAGE


# -- a student's course


def test_the_wait_is_from_the_click_to_the_notebook_without_the_download() -> None:
    """Thirty students who wait for an image that comes once say nothing of the machine."""
    seen = course((1, Phase.ASKED), (2, Phase.IMAGE), (42, Phase.STARTING), (45, Phase.IN))

    assert seen.download == 40
    assert seen.waited == 4
    assert seen.is_in


def test_who_did_not_get_in_has_no_wait() -> None:
    """The reason is kept instead."""
    seen = course((0, Phase.ASKED), (300, Phase.OUT), trouble="still in line")

    assert seen.waited is None
    assert not seen.is_in
    assert seen.plain()["trouble"] == "still in line"


@pytest.mark.parametrize(
    ("failure", "seconds"), [(None, 3), (Failure(2, "1/0", "ZeroDivisionError: …"), None)]
)
def test_only_a_notebook_that_ran_to_its_end_is_timed(
    failure: Failure | None, seconds: float | None
) -> None:
    """One that failed was quicker than it should be."""
    seen = course((0, Phase.IN), (10, Phase.WORK), (13, Phase.DONE), failure=failure)

    assert seen.worked == seconds


def test_the_line_is_counted_at_each_change() -> None:
    """Two stand in line, then one, then none."""
    first = course((0, Phase.ASKED), (1, Phase.LINE), (2, Phase.STARTING))
    second = course((0, Phase.ASKED), (1, Phase.LINE), (4, Phase.MEMORY), (9, Phase.OUT))

    assert counts([first, second], WAITING) == [(0, 0), (1, 2), (2, 1), (4, 1), (9, 0)]
    assert tally([first, second]) == "1 start, 1 did not get in"


# -- the notebook


def written(folder: Path, *cells: dict[str, Any], **metadata: Any) -> Path:
    """A notebook file."""
    file = folder / "lesson.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "metadata": metadata, "cells": list(cells)}))
    return file


def test_only_code_is_run(tmp_path: Path) -> None:
    """Text is not, nor are cells with nothing in them; a source may be a list of lines."""
    code = {"cell_type": "code"}
    file = written(
        tmp_path,
        {"cell_type": "markdown", "source": "# Title"},
        {**code, "source": ["a = 1\n", "b = 2"]},
        {**code, "source": "  \n"},
        {**code, "source": "a + b"},
        kernelspec={"name": "root", "language": "C++"},
    )

    assert notebook.load(file) == Notebook("lesson.ipynb", "root", "c++", ("a = 1\nb = 2", "a + b"))


def test_our_own_notebook_is_plain_python() -> None:
    """It imports nothing that an image may lack."""
    lesson = notebook.load()

    assert lesson.language == "python"
    assert not any(word in "".join(lesson.cells) for word in ("numpy", "pandas", "matplotlib"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file"),
        ("print(1)", "is no notebook of format 4"),
        ('{"nbformat": 3}', "is no notebook of format 4"),
        ('{"nbformat": 4, "cells": []}', "has no code cell"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str | None, words: str) -> None:
    """The sentence names the file and what is wrong."""
    file = tmp_path / "x.ipynb"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ConfigError, match=words):
        notebook.load(file)


@pytest.mark.parametrize(
    ("kernel", "language", "picked"),
    [
        ("root", "c++", "root"),
        ("my-env", "python", "python3"),
        ("", "c++", "root"),
        ("ir", "r", None),
    ],
)
def test_the_kernel_is_the_notebooks_own_or_one_of_its_language(
    kernel: str, language: str, picked: str | None
) -> None:
    """Notebooks name the kernel of the machine where they were written."""
    specs = {
        "default": "python3",
        "kernelspecs": {
            "other": {"spec": {"language": "python"}},
            "python3": {"spec": {"language": "python"}},
            "root": {"spec": {"language": "C++"}},
        },
    }

    assert pick_kernel(Notebook("n", kernel, language, ("1",)), specs) == picked


# -- people


def person(name: str, ago: timedelta | None = None, **servers: Any) -> dict[str, Any]:
    """A user as the hub's API has one."""
    active = None if ago is None else (NOW - ago).isoformat().replace("+00:00", "Z")
    return {"name": name, "last_activity": active, "servers": servers}


def test_servers_and_activity_are_signs_of_people() -> None:
    """What is long ago is not, nor are our own students, nor the owner of our token."""
    minutes = timedelta(minutes=1)
    users = [
        person("anna", 60 * minutes, lab={"ready": True}),
        person("ben", 2 * minutes),
        person("cem", 6 * minutes),
        person("dora"),
        person("rehearsal-0123abcd-01", minutes, lab={}),
        person("teacher", 0 * minutes),
    ]

    people = presence.present(users, NOW, {"rehearsal-0123abcd-01"}, "teacher")

    assert people == ["anna (has a server)", "ben (active 2 min ago)"]


def test_many_people_are_counted() -> None:
    """Five are named, the others counted; the way out is told."""
    text = str(presence.refusal([f"user{number} (has a server)" for number in range(7)]))

    assert "7 people use this hub: user0 (has a server), " in text
    assert "user4 (has a server) and 2 more." in text
    assert "--even-if-in-use" in text


# -- rights


def test_a_token_can_touch_nobody_but_the_invented_students() -> None:
    """Each scope that changes anything is for one of them alone."""
    scopes = rights.scopes(["one", "two"], "physics")

    changing = [scope for scope in scopes if scope not in rights.LOOK]
    assert sorted(set(changing)) == sorted(
        [f"{what}!user={who}" for what in rights.PLAY for who in ("one", "two")]
        + ["groups!group=physics"]
    )


def test_scopes_that_are_missing_are_named() -> None:
    """A filtered one counts as held."""
    held = {"list:users", "read:users:activity", "admin:users!user=one", "tokens"}

    assert rights.missing(held) == ["read:servers", "delete:servers"]


# -- the ledger


def test_what_is_made_is_noted_until_it_is_gone(tmp_path: Path) -> None:
    """The next rehearsal reads it, whatever became of this one."""
    made = ledger.invent(2)
    book = Ledger(tmp_path / "state" / "rehearsals.json")
    with book.held():
        book.add(made)
        book.strike(made[0])

    assert Ledger(tmp_path / "state" / "rehearsals.json").users == made[1:]
    book.strike(made[1])
    assert book.users == []


def test_no_name_is_taken_from_the_ledger_that_was_not_invented(tmp_path: Path) -> None:
    """Whoever writes a student into it does not have that student removed."""
    file = tmp_path / "rehearsals.json"
    file.write_text(json.dumps(["anna", "rehearsal-0123abcd-07", "rehearsal-anna"]))

    assert Ledger(file).users == ["rehearsal-0123abcd-07"]


def test_one_rehearsal_at_a_time(tmp_path: Path) -> None:
    """Else the second one would clean up what the first one uses."""
    file = tmp_path / "rehearsals.json"
    with (
        Ledger(file).held(),
        pytest.raises(RehearsalError, match="Another rehearsal"),
        Ledger(file).held(),
    ):
        pass
    with Ledger(file).held():
        pass


def test_names_are_new_each_time() -> None:
    """Nobody else has them, and the hub and the engine take them as they are."""
    first, second = ledger.invent(100), ledger.invent(100)

    assert not set(first) & set(second)
    assert len(set(first)) == 100


# -- homes


async def test_the_homes_of_a_preview_are_folders(tmp_path: Path) -> None:
    """Only that of the invented student goes."""
    anna, ours = (tmp_path / user / "home" for user in ("anna", "rehearsal-0123abcd-01"))
    anna.mkdir(parents=True)
    ours.mkdir(parents=True)

    await Homes(None, tmp_path).remove("rehearsal-0123abcd-01")

    assert anna.exists()
    assert not ours.parent.exists()


async def test_a_home_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    """Without the engine nobody can say that it is gone."""
    with pytest.raises(RehearsalError, match="home of rehearsal-0123abcd-01 cannot be"):
        await Homes(None, tmp_path / "none").remove("rehearsal-0123abcd-01")
