"""
Failed logins, counted: who may try a password now, and who has to wait. Knows no hub.

Only failures count. Three counts, each for one kind of guessing:

- a name from one address: five are free, then each one more costs a minute, two, four, five;
- a name from anywhere, for guesses that come from many addresses at once;
- an address under any name: a class behind one address has room for its typing errors.

The last two hold up nobody who has been in under this name from this address: else a stranger
could lock people out.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

Clock = Callable[[], float]

FREE = 5
FIRST_WAIT = 60.0
LONGEST_WAIT = 300.0
_LONGEST_NAME = 255  # of a user; what is longer is nobody's
_MOST = 50_000  # keys that are remembered, of each kind


@dataclass(frozen=True)
class Wait:
    """Why nobody may try now."""

    seconds: int
    name: str | None
    """The user who must wait; None where the whole address must."""


@dataclass
class _Count:
    failures: float
    at: float


class _Memory(OrderedDict[str, _Count]):
    """Counts by key; the oldest are forgotten when there are too many."""

    def note(self, key: str, failures: float, now: float) -> None:
        self[key] = _Count(max(0.0, failures), now)
        self.move_to_end(key)
        if len(self) > _MOST:
            self.popitem(last=False)


class Leaking:
    """Failures of which one is forgotten in every so many seconds; ``size`` fit in at most."""

    def __init__(self, size: int, every: float, clock: Clock = time.monotonic) -> None:
        self._size, self._every, self._clock = size, every, clock
        self._counts = _Memory()

    def wait(self, key: str) -> float:
        """Seconds until there is room for one more."""
        return max(0.0, self._level(key) - (self._size - 1)) * self._every

    def add(self, key: str, failures: int = 1) -> None:
        """Count failures; negative ones are taken back."""
        self._counts.note(key, self._level(key) + failures, self._clock())

    def _level(self, key: str) -> float:
        count = self._counts.get(key)
        if count is None:
            return 0.0
        return max(0.0, count.failures - (self._clock() - count.at) / self._every)


class Growing:
    """Failures in a row: some are free, after each further one the wait is longer."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._counts = _Memory()

    def wait(self, key: str) -> float:
        """Seconds until one may try again."""
        count = self._counts.get(key)
        if count is None or count.failures < FREE:
            return 0.0
        pause = min(FIRST_WAIT * 2 ** min(count.failures - FREE, 10), LONGEST_WAIT)
        return max(0.0, count.at + pause - self._clock())

    def add(self, key: str, failures: int = 1) -> None:
        """Count failures; those of more than an hour ago are forgotten."""
        count, now = self._counts.get(key), self._clock()
        before = count.failures if count and now - count.at < 3600 else 0.0
        self._counts.note(key, before + failures, now)

    def forget(self, key: str) -> None:
        """Somebody got in."""
        self._counts.pop(key, None)


class Attempts:
    """All attempts at a hub since it was started."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._pairs = Growing(clock)
        self._names = Leaking(30, 60, clock)
        self._addresses = Leaking(200, 30, clock)
        self._known: OrderedDict[str, None] = OrderedDict()

    def wait(self, name: str, address: str) -> Wait | None:
        """Say who has to wait, or None: a password may be tried now."""
        name, origin = name[:_LONGEST_NAME], network(address)
        own = self._pairs.wait(_pair(name, origin))
        others = 0.0
        if _pair(name, origin) not in self._known:
            own = max(own, self._names.wait(name))
            others = self._addresses.wait(origin)
        seconds = max(own, others)
        return Wait(ceil(seconds), name if own >= others else None) if seconds else None

    def begin(self, name: str, address: str) -> None:
        """Count an attempt as failed, until it is known to be right."""
        self._count(name, address, 1)

    def unsaid(self, name: str, address: str) -> None:
        """Take an attempt back that was refused for another reason than its password."""
        self._count(name, address, -1)

    def succeeded(self, name: str, address: str) -> None:
        """Take an attempt back, forget the earlier ones, and know this user here from now on."""
        self.unsaid(name, address)
        pair = _pair(name[:_LONGEST_NAME], network(address))
        self._pairs.forget(pair)
        self._known[pair] = None
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    def _count(self, name: str, address: str, failures: int) -> None:
        name, origin = name[:_LONGEST_NAME], network(address)
        self._pairs.add(_pair(name, origin), failures)
        self._names.add(name, failures)
        self._addresses.add(origin, failures)


def network(address: str) -> str:
    """Return what one client has of addresses: an IPv4 one, or a whole /64 of IPv6."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(number, ipaddress.IPv4Address):
        return str(number)
    if number.ipv4_mapped:
        return str(number.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(number), 64), strict=False))


def _pair(name: str, origin: str) -> str:
    return f"{origin} {name}"
