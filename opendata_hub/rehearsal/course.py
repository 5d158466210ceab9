"""How one student fared, and from that how the line grew and shrank; no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Phase(str, Enum):
    """Where a student is."""

    ASKED = "asked"
    """Has pressed Start."""
    IMAGE = "image"
    """Waits for the image, which is not on the machine yet."""
    LINE = "line"
    """Waits for those who came before."""
    MEMORY = "memory"
    """Waits for memory that others have."""
    STARTING = "starting"
    """The server starts."""
    PAGE = "page"
    """The server is up, and its page loads."""
    IN = "in"
    """Sees the notebook."""
    WORK = "work"
    """Runs the notebook."""
    DONE = "done"
    """Has run it."""
    OUT = "out"
    """Did not get in."""


_IMAGE = ("Asking for the image", "Downloading the image", "Unpacking the image")
_EARLY = ("Server requested", "Preparing ", "Creating your container")
_LINE = "You are number "


def phase_of(message: str, before: Phase | None = Phase.ASKED) -> Phase:
    """
    Read from a message of the hub's progress stream where a start is.

    Args:
        before: where it was; a container is also said to be created before the line.
    """
    if message.startswith(_EARLY) and before is Phase.ASKED:
        return Phase.ASKED
    if message.startswith(_IMAGE):
        return Phase.IMAGE
    if message.startswith(_LINE):
        return Phase.LINE
    return Phase.MEMORY if _LINE in message else Phase.STARTING


@dataclass
class Failure:
    """
    What went wrong in the notebook.

    Attributes:
        cell: its number among the code cells, from 1; 0 where no cell was run.
        code: its first line.
        error: what came of it.
    """

    cell: int
    code: str
    error: str

    def __str__(self) -> str:
        return f"cell {self.cell} (`{self.code}`): {self.error}" if self.cell else self.error


@dataclass
class Course:
    """
    One student, from pressing Start. Times are seconds since the class pressed it.

    Attributes:
        steps: (time, phase), in order.
        trouble: why the student did not get in; empty otherwise.
        for_memory: that was for want of memory.
        failure: what went wrong in the notebook.
    """

    name: str
    steps: list[tuple[float, Phase]] = field(default_factory=list)
    trouble: str = ""
    for_memory: bool = False
    failure: Failure | None = None

    def enter(self, phase: Phase, when: float) -> None:
        """Note a phase, unless it goes on."""
        if phase is not self.phase:
            self.steps.append((when, phase))

    @property
    def phase(self) -> Phase | None:
        """The last one."""
        return self.steps[-1][1] if self.steps else None

    def at(self, when: float) -> Phase | None:
        """Where the student was then; None before pressing Start."""
        return next((phase for time, phase in reversed(self.steps) if time <= when), None)

    @property
    def is_in(self) -> bool:
        """Whether the student has seen the notebook."""
        return any(phase is Phase.IN for _, phase in self.steps)

    @property
    def download(self) -> float:
        """Seconds of waiting for the image."""
        return self.lasted(Phase.IMAGE)

    @property
    def waited(self) -> float | None:
        """Seconds from the click to the notebook, download apart; None for who did not get in."""
        found = (when for when, phase in self.steps if phase is Phase.IN)
        seen = next(found, None)
        return None if seen is None else seen - self.steps[0][0] - self.download

    @property
    def worked(self) -> float | None:
        """Seconds that the notebook ran; None where it did not come to its end."""
        well = self.phase is Phase.DONE and self.failure is None
        return self.lasted(Phase.WORK) if well else None

    def lasted(self, wanted: Phase) -> float:
        """Seconds in a phase, all times together; one that still goes on counts as nothing."""
        following = [when for when, _ in self.steps[1:]]
        spans = zip(self.steps, following, strict=False)
        return sum((end - start for (start, phase), end in spans if phase is wanted), 0.0)

    def plain(self) -> dict[str, Any]:
        """All of it for scripts, as JSON takes it."""
        return {
            "name": self.name,
            "in": self.is_in,
            "waited": _rounded(self.waited),
            "download": _rounded(self.download),
            "notebook": _rounded(self.worked),
            "trouble": self.trouble or None,
            "failed_cell": self.failure and {**vars(self.failure)},
            "steps": [(round(when, 2), phase.value) for when, phase in self.steps],
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


WAITING = frozenset({Phase.LINE, Phase.MEMORY})
"""In line, whatever for."""


def counts(courses: Iterable[Course], phases: frozenset[Phase]) -> list[tuple[float, int]]:
    """Return how many students were in one of these phases: (since when, how many)."""
    changes: dict[float, int] = {}
    for course in courses:
        before = False
        for when, phase in course.steps:
            now = phase in phases
            changes[when] = changes.get(when, 0) + now - before
            before = now
    total, curve = 0, []
    for when in sorted(changes):
        total += changes[when]
        curve.append((when, total))
    return curve


_TOLD = (
    ("ask for the image", frozenset({Phase.IMAGE})),
    ("asked", frozenset({Phase.ASKED})),
    ("in line", frozenset({Phase.LINE})),
    ("wait for memory", frozenset({Phase.MEMORY})),
    ("start", frozenset({Phase.STARTING, Phase.PAGE})),
    ("in", frozenset({Phase.IN})),
    ("run the notebook", frozenset({Phase.WORK})),
    ("have run it", frozenset({Phase.DONE})),
    ("did not get in", frozenset({Phase.OUT})),
)


def tally(courses: Iterable[Course]) -> str:
    """Say where the students are now, such as ``12 in line, 3 start, 15 in``."""
    now = [course.phase for course in courses]
    found = [(sum(phase in phases for phase in now), what) for what, phases in _TOLD]
    return ", ".join(f"{count} {what}" for count, what in found if count)
