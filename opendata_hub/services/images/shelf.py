"""What the service knows of each image, and which one is next; no I/O."""

from dataclasses import dataclass, field
from enum import Enum
from math import inf

from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.engine import PullProgress
from opendata_hub.services.images.speed import Speed

_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 1800.0  # seconds between two tries


class State(Enum):
    """Where an image stands. The values are those of the JSON and the metrics."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    MISSING = "missing"
    PULLING = "pulling"
    BUILDING = "building"
    GIVING_WAY = "giving way"
    FAILED = "failed"


@dataclass
class Entry:
    """
    One image of the catalogue.

    Attributes:
        due: when it is to be looked at again, in seconds of the loop's clock.
        asked: somebody pressed the button and waits.
        bytes: compressed bytes that the registry tells of it; None where it does not.
        size: bytes on this engine; None where the image is not there.
        tries: that failed since the last success.
        failure: why the last one did; stays until the next success.
        doing: last line of a build.
    """

    image: Image
    state: State = State.UNKNOWN
    due: float = 0.0
    asked: bool = False
    bytes: int | None = None
    size: int | None = None
    tries: int = 0
    failure: str = ""
    doing: str = ""
    progress: PullProgress = field(default_factory=PullProgress)
    speed: Speed = field(default_factory=Speed)

    @property
    def seconds_left(self) -> float | None:
        """Of a pull, by its speed; None while nobody can tell."""
        return self.speed.left(self.progress.total - self.progress.done)

    @property
    def can_be_asked_for(self) -> bool:
        """Whether it makes sense to press the button."""
        here = self.state is State.PRESENT
        busy = self.state in (State.PULLING, State.BUILDING, State.UNKNOWN)
        return not (busy or self.asked or (here and not self.has_a_tag))

    @property
    def has_a_tag(self) -> bool:
        """Whether its registry may have a newer one by the same name."""
        return not self.image.is_local and not self.image.digest

    def ask(self) -> None:
        """Somebody wants it now."""
        self.asked, self.due = True, 0.0
        if self.state is State.FAILED:
            self.rest()

    def rest(self) -> None:
        """Nothing is done with it until its turn comes."""
        self.state = State.MISSING if self.size is None else State.PRESENT

    def begin(self, state: State) -> None:
        """A pull or a build begins; what is told of an earlier one is gone."""
        self.state, self.doing = state, ""
        self.progress, self.speed = PullProgress(), Speed()

    def follow(self, progress: PullProgress, now: float) -> None:
        """Take over how far a pull is."""
        self.progress = progress
        self.speed.feed(now, progress.done)

    def is_nearly_done(self, seconds: float) -> bool:
        """Whether a pull will be done so soon, or only unpacks."""
        left = self.seconds_left
        return self.progress.unpacking or (left is not None and left < seconds)

    def say(self, line: str) -> None:
        """Take over what a build says."""
        self.doing = line.strip()

    def succeed(self, size: int, due: float) -> None:
        """The image is here, so many bytes large; look again at ``due``."""
        self.state, self.size, self.due = State.PRESENT, size, due
        self.tries, self.failure, self.asked = 0, "", False

    def fail(self, why: str, now: float) -> None:
        """Try again later: each pause is twice the one before, half an hour at most."""
        pause = min(_FIRST_PAUSE * 2**self.tries, _LONGEST_PAUSE)
        self.state = State.FAILED
        self.tries, self.failure, self.asked, self.due = self.tries + 1, why, False, now + pause


class Shelf:
    """The entries by slug, in the catalogue's order."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def take(self, catalogue: Catalogue) -> None:
        """Follow a catalogue that may have changed; an entry that is as before keeps its state."""
        before = self.entries
        self.entries = {
            image.slug: known
            if (known := before.get(image.slug)) and known.image == image
            else Entry(image)
            for image in catalogue.images
        }

    def ask(self, slug: str) -> bool:
        """Make an image the next one; False where there is none of this name."""
        if entry := self.entries.get(slug):
            entry.ask()
        return entry is not None

    def due(self, now: float) -> list[Entry]:
        """Return what is to be looked at now."""
        return [entry for entry in self.entries.values() if entry.due <= now]

    def pause(self, now: float) -> float:
        """Return the seconds until something is due; infinity for an empty shelf."""
        return max(0.0, min((entry.due for entry in self.entries.values()), default=inf) - now)


def urgency(entry: Entry) -> tuple[bool, float]:
    """Order of what is missing: asked for first, then the smallest; unknown sizes come last."""
    return not entry.asked, inf if entry.bytes is None else entry.bytes
