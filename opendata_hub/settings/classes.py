"""`classes` in hub.yaml: who learns together, who teaches them, and when."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, model_validator

from opendata_hub import rosters
from opendata_hub.catalogue import Slug
from opendata_hub.errors import ConfigError
from opendata_hub.fields import Duration, Model, Moment, nearest
from opendata_hub.rosters import UserName
from opendata_hub.services.classes import Lesson

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
NAME_RULE = "write up to 64 letters, digits, dots and dashes, such as physics-101"


class Class(Model):
    """A class: its students, its instructors, and a lesson whose servers are started early."""

    name: str = Field(
        description="What it is called. One with `users` or a `roster` makes a group of this name.",
        min_length=1,
    )
    users: tuple[UserName, ...] = Field((), description="Its students, in the order of starting.")
    group: str | None = Field(
        None,
        description="Or a group of `groups`, or that of another class, instead of `users`: several "
        "lessons of one class.",
    )
    roster: Path | None = Field(
        None,
        description="Or a file with its students, as `opendata-hub class add` writes it; relative "
        "to hub.yaml.",
    )
    instructors: tuple[UserName, ...] = Field(
        (),
        description="Users who open, start and stop the servers of its students, and write into "
        "the class's folder, which students read at `~/class/<group>`. Who is taken off the list "
        "loses that at the next start.",
    )
    image: Slug | None = Field(
        None, description="The image they use; each one's last choice unless written."
    )
    start: Moment | None = Field(
        None,
        description="When a lesson begins, such as `2026-11-24 14:00`: its servers are started "
        "before the students come. Without times no server is.",
    )
    end: Moment | None = Field(None, description="When it ends.")
    warm_up: Duration = Field(
        600,
        description="How long before, their servers begin to start. Those who click go first.",
        json_schema_extra={"default": "10m"},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> "Class":
        if [bool(self.users), bool(self.group), bool(self.roster)].count(True) != 1:
            raise ValueError("write one of users, group and roster")
        if (self.start is None) != (self.end is None):
            raise ValueError("write both start and end, or none of them")
        if self.start and self.end and self.end <= self.start:
            raise ValueError("write an end that is after the start")
        if self.instructors and not NAME.fullmatch(self.key):
            what = "group" if self.group else "name"
            raise ValueError(f"{what} is {self.key!r}, and names a folder; {NAME_RULE}")
        return self

    @property
    def key(self) -> str:
        """The group of its students: what makes several entries one class."""
        return self.group or self.name


@dataclass(frozen=True)
class Taught:
    """A class with instructors; all names as the hub has them."""

    students: frozenset[str]
    instructors: tuple[str, ...]


def resolved(entries: Sequence[Class], folder: Path) -> tuple[Class, ...]:
    """Return the entries with rosters that are relative to the folder of hub.yaml."""
    return tuple(
        entry.model_copy(update={"roster": folder / entry.roster.expanduser()})
        if entry.roster
        else entry
        for entry in entries
    )


def groups(
    named: Mapping[str, Sequence[str]], entries: Sequence[Class]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """
    Return all groups of a hub, and what is wrong with rosters.

    Args:
        named: the groups of ``groups``; classes make the others.
    """
    found = {name: tuple(users) for name, users in named.items()}
    faults: list[str] = []
    for entry in entries:
        if not entry.group:
            users = entry.users or _of_file(entry.roster, faults)
            found[entry.name] = tuple(dict.fromkeys((*found.get(entry.name, ()), *users)))
    return found, faults


def _of_file(file: Path | None, faults: list[str]) -> tuple[str, ...]:
    try:
        return rosters.load(file).users if file else ()
    except ConfigError as error:
        faults.append(str(error))
        return ()


def taught(entries: Sequence[Class], groups: Mapping[str, Sequence[str]]) -> dict[str, Taught]:
    """Return the classes that have instructors, by their groups."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        if entry.instructors:
            found.setdefault(entry.key, {}).update(dict.fromkeys(map(str.lower, entry.instructors)))
    return {
        key: Taught(frozenset(map(str.lower, groups.get(key, ()))), tuple(instructors))
        for key, instructors in found.items()
    }


def instructors(entries: Sequence[Class]) -> tuple[str, ...]:
    """Return everybody who teaches, once."""
    return tuple(dict.fromkeys(name.lower() for entry in entries for name in entry.instructors))


def people(entries: Sequence[Class], groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return everybody who is in a class, or teaches one, once."""
    students = (user for entry in entries for user in groups.get(entry.key, ()))
    return tuple(dict.fromkeys((*map(str.lower, students), *instructors(entries))))


def lessons(entries: Sequence[Class], groups: Mapping[str, Sequence[str]]) -> list[Lesson]:
    """Return what the service ``classes`` is told: entries with times."""
    return [
        Lesson(
            name=entry.name,
            users=tuple(entry.users or groups[entry.key]),
            image=entry.image,
            start=entry.start,
            end=entry.end,
            warm_up=entry.warm_up,
        )
        for entry in entries
        if entry.start and entry.end
    ]


def faults(
    entries: Sequence[Class],
    named: Mapping[str, Sequence[str]],
    groups: Mapping[str, Sequence[str]],
    slugs: Collection[str] | None,
    admins: Sequence[str],
) -> Iterator[str]:
    """
    Say what is wrong with ``classes``, one sentence per fault.

    Args:
        named: the groups of ``groups``.
        groups: all groups.
        slugs: of the catalogue; None where that has faults of its own.
        admins: of ``login``.
    """
    for number, entry in enumerate(entries):
        yield from _lost(f"classes[{number}]", entry, named, groups, slugs)
    yield from _risen(entries, groups, admins)


def _lost(
    key: str,
    entry: Class,
    named: Mapping[str, Sequence[str]],
    groups: Mapping[str, Sequence[str]],
    slugs: Collection[str] | None,
) -> Iterator[str]:
    """Classes that nobody is in, or whose image there is not."""
    if entry.group and entry.group not in groups:
        yield (
            f"{key}.group is {entry.group!r}, which groups does not define; known: "
            f"{', '.join(groups) or 'none'}.{nearest(entry.group, groups)}"
        )
    if not entry.group and entry.name in named:
        yield (
            f"{key}.name is {entry.name!r}, which groups defines, too; write group: {entry.name} "
            f"for its students, or take another name."
        )
    if entry.image and slugs is not None and entry.image not in slugs:
        near = nearest(entry.image, slugs)
        yield f"{key}.image is {entry.image!r}; in the catalogue: {', '.join(slugs)}.{near}"


def _risen(
    entries: Sequence[Class], groups: Mapping[str, Sequence[str]], admins: Sequence[str]
) -> Iterator[str]:
    """
    Students whose servers no instructor may open.

    Whoever opens the server of somebody can do what that person can.
    """
    chiefs = {name.lower() for name in admins}
    teachers = set(instructors(entries))
    for key, found in taught(entries, groups).items():
        for user in sorted(found.students & (chiefs | teachers)):
            what = "admin" if user in chiefs else "instructor"
            yield (
                f"classes: {user!r} is a student of {key}, and an {what}. The instructors of {key} "
                "open its students' servers, and could act there with all the rights of "
                f"{user!r}. Take the name off the students, or off the {what}s."
            )
