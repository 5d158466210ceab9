"""What servers may reach, as people write it: a name, an address or a range, or one with a port."""

import ipaddress
import re
from dataclasses import dataclass

from opendata_hub.machine.network.places import METADATA, Range

_RULE = (
    "write a name such as pypi.org, an address such as 10.1.2.3, a range such as 10.1.0.0/16, or a "
    "name or an address with a port, such as licence.example.org:27000"
)
_LABEL = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*{_LABEL}")


@dataclass(frozen=True)
class Target:
    """
    One thing that servers may reach.

    Attributes:
        host: a name in small letters, an address, or a range.
        port: the only one, of TCP and UDP; None for all of them.
    """

    host: str
    port: int | None = None

    @property
    def range(self) -> Range | None:
        """The addresses that it is; None for a name, which somebody has to look up."""
        try:
            return ipaddress.ip_network(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read(value: object) -> Target:
    """
    Read one, such as ``pypi.org``, ``10.1.0.0/16``, ``10.1.2.3:27000`` or ``[fd00::1]:443``.

    Raises:
        ValueError: it is none, or what servers never reach.
    """
    if isinstance(value, Target):
        return value
    if not isinstance(value, str):
        raise ValueError(_RULE)
    host, port = _split(value.strip())
    target = Target(_host(host), port)
    if target.range:
        _require_open(target.range)
        if port is not None and target.range.num_addresses > 1:
            raise ValueError("write a range without a port, or one address with a port")
    return target


def _split(text: str) -> tuple[str, int | None]:
    if "://" in text:
        raise ValueError(f"{_RULE}; without http:// and the like")
    bracketed = re.fullmatch(r"\[([^\]]*)\]:(.*)", text)
    if bracketed:
        return bracketed[1], _port(bracketed[2])
    host, colon, port = text.partition(":")
    if not colon or ":" in port:  # two colons and no brackets: an IPv6 address
        return text, None
    return host, _port(port)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ValueError("write a port from 1 to 65535")
    return int(text)


def _host(text: str) -> str:
    if "*" in text:
        raise ValueError(
            "write each name out: rules know addresses, and nobody can look up the addresses of "
            "every name that fits"
        )
    try:
        return str(_shortest(ipaddress.ip_network(text)))
    except ValueError:
        pass
    if "/" in text:
        raise ValueError(_range_rule(text))
    # What ends in a number is an address with a fault, or one of the old notations, such as 10.1.
    if not _NAME.fullmatch(text) or text.rpartition(".")[2].isdecimal():
        raise ValueError(_RULE)
    if text.lower() == "localhost":
        raise ValueError(_LOOPBACK)
    return text.lower()


def _shortest(found: Range) -> Range | ipaddress.IPv4Address | ipaddress.IPv6Address:
    return found.network_address if found.num_addresses == 1 else found


def _range_rule(text: str) -> str:
    try:
        return f"write {ipaddress.ip_network(text, strict=False)}, or a single address"
    except ValueError:
        return _RULE


_LOOPBACK = "write an address that containers reach: in a container, that one is the container's"


def _require_open(found: Range) -> None:
    if found.num_addresses == 1 and found.network_address in METADATA:
        raise ValueError(
            "take it out: there the cloud hands out this machine's keys, and servers never reach it"
        )
    if found.is_loopback:
        raise ValueError(_LOOPBACK)
