"""How fast bytes come, and how long the rest will take."""

from collections import deque

_WINDOW = 20.0  # seconds; long enough to smooth the engine's bursts, short enough to see a change


class Speed:
    """The rate over the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def feed(self, now: float, done: int) -> None:
        """Note that ``done`` bytes are here at ``now``, in seconds of any clock."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # a layer began anew
        self._seen.append((now, done))
        while self._seen[0][0] < now - _WINDOW:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Bytes per second; 0 while nobody can tell."""
        if len(self._seen) < 2:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began else 0.0

    def left(self, missing: int) -> float | None:
        """Return the seconds for so many bytes more; None while nobody can tell."""
        return missing / self.rate if self.rate else None
