"""When what is left of something is short; no I/O."""

from enum import Enum

_SOME, _MOST = 2 * 2**30, 20 * 2**30  # bytes


class Level(Enum):
    """How things stand."""

    CALM = 0
    PRESSED = 1
    """Time to find out who has how much, for what may come."""
    SHORT = 2
    """Somebody has to stop."""


def reserve(whole: int) -> int:
    """Bytes of a disk that are not for servers to take, unless somebody says otherwise."""
    return min(max(_SOME, whole // 20), whole // 10, _MOST)


class Floor:
    """
    What has to be left.

    Where nobody can be stopped for it, or what was taken stays, half of what is left is the new
    floor: those who take a little go on working. It rises again when there is enough.

    Args:
        reserve: in whatever unit.
    """

    def __init__(self, reserve: int) -> None:
        self.reserve = reserve
        self._floor: int | None = None

    def level(self, left: int) -> Level:
        """Take what is left now, and say how things stand."""
        if self._floor is None and left < self.reserve:
            self._floor = left // 2
        if self._floor is None or left > self.reserve * 5 // 4:
            self._floor = self.reserve
        if left < self._floor:
            return Level.SHORT
        return Level.PRESSED if left < 3 * self.reserve else Level.CALM

    def lower(self, left: int) -> None:
        """Nothing more can be done about what is left now."""
        self._floor = left // 2
