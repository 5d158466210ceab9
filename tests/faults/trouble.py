"""One fault that befalls a class while it works, and what became of the work."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.faults.students import Student
from tests.hubs import RunningHub, wait_for

PATIENCE = 120.0  # seconds until everybody saves again
ENOUGH = 5  # files in each way, of everybody


@dataclass(frozen=True)
class Outcome:
    """
    What became of a class.

    Attributes:
        servers: how many ran before.
        ran_on: how many of them ran through it.
        back: how many ran when everybody had saved again.
        files: how many were said to be saved, since the class began.
        lost: those of them that are not there, or not as they were saved.
        seconds: from the end of the fault until everybody had saved again, in both ways, and
            had the page.
    """

    fault: str
    servers: int
    ran_on: int
    back: int
    files: int
    lost: Sequence[str]
    seconds: float


class Class:
    """Students who work in their servers."""

    def __init__(self, hub: RunningHub, names: list[str]) -> None:
        self.hub = hub
        self.students = [Student(hub, name) for name in names]
        for name in names:
            assert hub.start(name).ok, f"{name} does not get in:\n{hub.log[-4000:]}"
        self._browsers = {name: hub.session(name) for name in names}
        assert self._all_open()

    def befall(self, fault: str, strike: Callable[[], object], anew: bool = False) -> Outcome:
        """
        Have something happen while all save.

        Args:
            strike: returns at the end of the fault.
            anew: pages save new files only.
        """
        before = self._containers()
        for student in self.students:
            student.begin(anew)
        try:
            self._wait_until_all_have_saved(f"they save before: {fault}")
            strike()
            began = time.monotonic()
            self._wait_until_all_have_saved(f"all save again after: {fault}")
            wait_for(self._all_open, f"all open their page after: {fault}", PATIENCE)
            seconds = time.monotonic() - began
        finally:
            for student in self.students:
                student.end()
        after, lost = self._containers(), [self._lost(student) for student in self.students]
        return Outcome(
            fault,
            servers=len(before),
            ran_on=len(before & after),
            back=len(after),
            files=sum(len(student.ledger.saved) for student in self.students),
            lost=[path for paths in lost for path in paths],
            seconds=seconds,
        )

    @contextmanager
    def without_power(self) -> Iterator[None]:
        """From now on nobody hears that anything is saved, nor presses Start."""
        for student in self.students:
            student.ledger.is_open = False
        try:
            yield
        finally:
            for student in self.students:
                student.ledger.is_open = True

    def _containers(self) -> set[str]:
        return {self.hub.container(student.name)["Id"] for student in self.students}

    def _wait_until_all_have_saved(self, what: str) -> None:
        counts = {one: (one.pages + ENOUGH, one.programs + ENOUGH) for one in self.students}

        def done() -> bool:
            return all(
                one.pages >= pages and one.programs >= programs
                for one, (pages, programs) in counts.items()
            )

        wait_for(done, what, PATIENCE)

    def _lost(self, student: Student) -> list[str]:
        return [f"{student.name}: {path}" for path in student.lost()]

    def _all_open(self) -> bool:
        """Whether the hub is there, and everybody gets JupyterLab by the session of before."""
        health = f"{self.hub.url}/hub/health"
        return all(self._opens(name, health) for name in self._browsers)

    def _opens(self, name: str, health: str) -> bool:
        try:
            # Each page that is asked for without a hub leaves a cookie, and many are too many.
            if not self._browsers[name].get(health).is_success:
                return False
            page = self._browsers[name].get(f"/user/{name}/lab")
        except httpx.HTTPError:
            return False
        return page.status_code == 200 and "JupyterLab" in page.text
