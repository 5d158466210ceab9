"""Whose server is to be started now; no I/O."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from opendata_hub.services.classes.config import Lesson


@dataclass(frozen=True)
class Task:
    """A server that is to be started for a lesson; ``image`` None for the user's last choice."""

    lesson: str
    user: str
    image: str | None


class Roster:
    """
    Remembers for whom the service has done its part: each server is started once for a lesson.

    So whoever stops a server in the lesson is left alone.
    """

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        self._lessons = tuple(lessons)
        self._done: set[tuple[str, str]] = set()

    def due(self, now: datetime, active: Collection[str]) -> list[Task]:
        """
        Return what is to be started, lesson by lesson, in the order of each list.

        Args:
            active: users whose server runs or is on its way; they are done.
        """
        on = [lesson for lesson in self._lessons if lesson.is_on(now)]
        self._done |= {(lesson.name, user) for lesson in on for user in active}
        return [
            Task(lesson.name, user, lesson.image)
            for lesson in on
            for user in lesson.users
            if (lesson.name, user) not in self._done
        ]

    def done(self, task: Task) -> None:
        """Note that a server was started, or cannot be."""
        self._done.add((task.lesson, task.user))
