"""One thing that gets short on a disk: its bytes, or the number of its files."""

import asyncio
import time
from dataclasses import dataclass, field

from opendata_hub.fields import format_size
from opendata_hub.guard.disk import Disk, Left
from opendata_hub.guard.floor import Floor


@dataclass
class Known:
    """
    What each server had, and the disk had left, at some time before.

    Attributes:
        clock: when, in seconds, by a clock that nobody sets.
        weights: by the ids of containers; None for one that could not be weighed.
    """

    left: int
    clock: float = field(default_factory=time.monotonic)
    weights: dict[str, int | None] = field(default_factory=dict)

    @property
    def age(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self.clock

    def grown(self, server: str, weight: int | None) -> int | None:
        """
        Return what a server has taken since; one that was not known then is from now on.

        Returns:
            int: None for one that could not be weighed, then or now.
        """
        before = self.weights.setdefault(server, weight)
        return None if weight is None or before is None else weight - before

    def heavy(self, server: str) -> bool:
        """Tell whether this one could not be weighed: no use to try again at once."""
        return server in self.weights and self.weights[server] is None


@dataclass
class Watched:
    """
    What the guard looks at.

    Attributes:
        files: whether it is the number of files, and not bytes.
        known: what is known of servers, while it matters.
        weighing: finds that out.
        seen: when the last look was, by the same clock as :class:`Known`, and what was left then.
    """

    disk: Disk
    files: bool
    floor: Floor
    known: Known | None = None
    weighing: "asyncio.Task[None] | None" = None
    seen: tuple[float, int] | None = None

    def soon(self, left: int, seconds: float) -> int:
        """Note this look; return what is left in so many seconds if all goes on as before it."""
        now, before = time.monotonic(), self.seen
        self.seen = now, left
        if before is None:
            return left
        return left - int(max(before[1] - left, 0) / max(now - before[0], 0.01) * seconds)

    def of(self, left: Left) -> int:
        """Return what is left of it."""
        return left.files or 0 if self.files else left.bytes

    def wording(self, left: int) -> str:
        """Say how it stands, as the head of a sentence."""
        return f"The disk of {self.disk.folder} has {spell(left, self.files)} left"


def spell(amount: int, files: bool) -> str:
    """Write bytes, or a number of files."""
    return f"{amount} files" if files else format_size(amount)
