"""What is known of one server from look to look; no I/O."""

from dataclasses import dataclass
from math import inf

_SHARE = 0.01  # of a core; JupyterLab with four kernels at rest takes a twentieth of it
_OWN = 0.05  # seconds of CPU that a look may cost the server which is asked


@dataclass(frozen=True)
class Look:
    """
    What one look at a server finds; all in seconds.

    Attributes:
        clock: when, by a clock that nobody sets.
        busy: how many of its kernels run something.
        used: how long nobody has used its pages; None where output of kernels hides it.
        moved: how long no kernel and no terminal has had output or input.
        cpu: what all its processes together have used since its container started.
    """

    clock: float
    busy: int
    used: float | None
    moved: float
    cpu: float


class Record:
    """
    How long a server has been unused, at rest, or at work.

    Time counts between two looks that both succeeded, by a clock that does not jump. What a
    server tells can only shorten it, so that a clock that was set stops nobody's server.

    Attributes:
        unused: seconds since somebody used it.
        resting: seconds since anything worked in it.
        working: seconds for which something has worked at every look.
        work: what does so now, as the end of a sentence; empty for nothing.
        clock: when the last look was.
    """

    def __init__(self, first: Look) -> None:
        self.unused = first.used or 0.0
        self.resting = first.moved
        self.working, self.work = 0.0, ""
        self.clock, self._cpu = first.clock, first.cpu

    def take(self, look: Look) -> None:
        """Add what another look has found."""
        passed = look.clock - self.clock
        self.work = _work(look, passed, look.cpu - self._cpu)
        self.working = self.working + passed if self.work else 0.0
        self.resting = 0.0 if self.work else min(self.resting + passed, look.moved)
        self.unused = min(self.unused + passed, inf if look.used is None else look.used)
        self.clock, self._cpu = look.clock, look.cpu

    def miss(self, clock: float) -> None:
        """Note that a look failed: what nobody could see does not count."""
        self.clock = clock


def _work(look: Look, passed: float, cpu: float) -> str:
    if look.busy:
        return "a kernel is busy" if look.busy == 1 else f"{look.busy} kernels are busy"
    if look.moved <= passed:
        return "a kernel or a terminal has had output or input"
    if cpu > _SHARE * passed + _OWN:
        return f"its processes have used {cpu:.3g} s of CPU in {passed:.3g} s"
    return ""
