"""
What a server's processes may ask of the kernel.

An engine has a profile of its own, and an old one's is as old as itself. Ours is for processes
without capabilities, and closes besides what notebooks do without and what kernels have been broken
by. The form is that of the engine's ``--security-opt seccomp=FILE``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from opendata_hub.engine.syscalls import ALLOWED

ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
"""By the names that engines and kernels have for them. Programs of their 32-bit ancestors, which
the same kernels run by other ways in, do not run."""

_NO_SUCH_CALL, _NOT_HERE = 38, 95  # ENOSYS, EOPNOTSUPP: programs then go another way
_NEW_NAMESPACES = 0x7E020000  # all flags of clone that make one, that of users among them

_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_PROTOCOLS = (0, 1, 6, 17, 58)  # any, ICMP, TCP, UDP, ICMPv6
_STREAM, _DATAGRAM, _RAW = 1, 2, 3
_ROUTES = 0  # of netlink: what addresses there are


class Bits(NamedTuple):
    """Numbers that are ``value`` in the bits of ``mask``, whatever the others are."""

    mask: int
    value: int


def _kind(letter: int) -> Bits:
    """All ioctls of one driver or file system."""
    return Bits(0xFF00, letter << 8)


def _one(number: int) -> Bits:
    """One ioctl."""
    return Bits(0xFFFFFFFF, number)


CLOSED_IOCTLS = (
    _kind(0x94),  # btrfs: subvolumes, for which no home's quota holds
    _kind(0x58),  # files without quotas: preallocation, project numbers, freezing
    _one(0x5412),  # TIOCSTI: type into the terminal of who looks in
    _one(0x541C),  # TIOCLINUX: the same of a console
    _one(0x5423),  # TIOCSETD: terminals of other kinds, drivers that nobody has looked at for long
)
OPEN_IOCTLS = (0x40049409, 0x4020940D, 0xC0189436)
"""Of btrfs, and of other file systems by its numbers: copies that share their blocks, as ``cp``
makes them."""


def options(info: Mapping[str, Any]) -> list[str]:
    """
    Return the profile as an option of a container; nothing where the engine cannot have it.

    Args:
        info: the engine's answer to ``/info``.
    """
    return [f"seccomp={profile()}"] if is_on(info) else []


def is_on(info: Mapping[str, Any]) -> bool:
    """Whether the engine can hold containers to a profile, on a machine that ours is for."""
    walls = [str(option).partition(",")[0] for option in info.get("SecurityOptions") or ()]
    return "name=seccomp" in walls and info.get("Architecture") in ARCHITECTURES


@lru_cache(maxsize=1)
def profile() -> str:
    """Return the profile as the engine reads it: JSON."""
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "archMap": [
                {"architecture": name, "subArchitectures": []} for name in ARCHITECTURES.values()
            ],
            "syscalls": [_allow(*ALLOWED), *_some()],
        },
        separators=(",", ":"),
    )


def _some() -> Iterator[dict[str, Any]]:
    """Yield the calls that are allowed with some arguments only."""
    yield _allow("clone", _has(0, Bits(_NEW_NAMESPACES, 0)))
    yield _refuse("clone3", _NO_SUCH_CALL)  # its flags cannot be looked at; clone serves
    # To take a whole disk within one call; without it programs write, which takes time.
    yield _allow("fallocate", _has(1, Bits(2, 2)))
    yield _refuse("fallocate", _NOT_HERE, _has(1, Bits(2, 0)))
    for known in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF):
        yield _allow("personality", _is(0, known))
    for number in OPEN_IOCTLS:
        yield _allow("ioctl", _is(1, number))
    for bits in all_but(CLOSED_IOCTLS):
        yield _allow("ioctl", _has(1, bits))
    yield from _sockets()


def _sockets() -> Iterator[dict[str, Any]]:
    """Yield the families that notebooks use; others make the kernel load what few have read."""
    yield _allow("socketpair", _is(0, _UNIX))
    yield _allow("socket", _is(0, _UNIX))
    for kind in (_RAW, _DATAGRAM):
        yield _allow("socket", _is(0, _NETLINK), _sort(kind), _is(2, _ROUTES))
    for family, kind in product((_INET, _INET6), (_STREAM, _DATAGRAM)):
        for protocol in _PROTOCOLS:
            yield _allow("socket", _is(0, family), _sort(kind), _is(2, protocol))


def _sort(kind: int) -> dict[str, Any]:
    """A sort of socket, whatever flags are above it: with "any" protocol, others are DCCP, SCTP."""
    return _has(1, Bits(0xF, kind))


def _allow(*names_and_arguments: Any) -> dict[str, Any]:
    return _rule("SCMP_ACT_ALLOW", *names_and_arguments)


def _refuse(name: str, error: int, *arguments: Any) -> dict[str, Any]:
    return {**_rule("SCMP_ACT_ERRNO", name, *arguments), "errnoRet": error}


def _rule(action: str, *names_and_arguments: Any) -> dict[str, Any]:
    names = [one for one in names_and_arguments if isinstance(one, str)]
    arguments = [one for one in names_and_arguments if not isinstance(one, str)]
    return {"names": names, "action": action, **({"args": arguments} if arguments else {})}


def _is(argument: int, value: int) -> dict[str, Any]:
    return {"index": argument, "value": value, "op": "SCMP_CMP_EQ"}


def _has(argument: int, bits: Bits) -> dict[str, Any]:
    return {
        "index": argument,
        "value": bits.mask,
        "valueTwo": bits.value,
        "op": "SCMP_CMP_MASKED_EQ",
    }


_ALL = Bits(0, 0)
_ORDER = [*range(8, 16), *range(16, 32), *range(8)]  # what closed ones share comes first


def all_but(closed: Sequence[Bits], known: Bits = _ALL) -> Iterator[Bits]:
    """
    Yield what together is all 32-bit numbers but the closed ones, none of them twice.

    The kernel's filters can compare a number for being something, once in a rule, and a number is
    allowed if one rule allows it; so there is no way to write "but" for more than one.

    Args:
        known: within these only.
    """
    left = [bits for bits in closed if not (bits.value ^ known.value) & bits.mask & known.mask]
    if not left:
        yield known
    elif not any(bits.mask & ~known.mask == 0 for bits in left):
        bit = next(1 << place for place in _ORDER if not known.mask & 1 << place)
        for value in (0, bit):
            yield from all_but(left, Bits(known.mask | bit, known.value | value))
