"""All that was seen of a class."""

from dataclasses import dataclass, field
from datetime import datetime

from opendata_hub.rehearsal.containers import Use
from opendata_hub.rehearsal.course import Course
from opendata_hub.rehearsal.meter import Sample


@dataclass
class Record:
    """
    A class that was played. Times are seconds since it pressed Start.

    Attributes:
        image: slug that all chose; None for the hub's default.
        by_password: whether they logged in through the login form; else by tokens.
        reserve: bytes of memory that the hub promises to nobody.
        cores: of the hub's machine; None where the hub seems to be elsewhere.
        memory: its bytes, likewise.
        samples: looks at this machine.
        containers: looks at the students' containers; none without the engine.
        settled: when the last one was in, or had given up.
        ended: when the last one had run the notebook.
        left: what could not be removed, a sentence each.
    """

    hub: str
    version: str
    began: datetime
    image: str | None
    notebook: str
    patience: float
    by_password: bool
    reserve: int
    cores: int | None
    memory: int | None
    courses: list[Course] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    containers: list[tuple[float, list[Use]]] = field(default_factory=list)
    settled: float = 0.0
    ended: float = 0.0
    left: list[str] = field(default_factory=list)
