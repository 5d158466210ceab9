"""The name of this machine: what the DNS says of it, and whether that is here."""

import ipaddress
import socket
from dataclasses import dataclass

from opendata_hub.machine import records

_RECORD = "make an A record for it, with this machine's address."


@dataclass(frozen=True)
class Name:
    """
    What the DNS knows.

    Attributes:
        host: the name.
        here: addresses that it leads to, and that this machine has.
        elsewhere: the other ones.
        fault: why there are none, a sentence.
        is_absent: whether there are none because the DNS says so.
    """

    host: str
    here: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    fault: str = ""
    is_absent: bool = False


def look(host: str) -> Name:
    """Ask the DNS, and wait for its answer; what ``/etc/hosts`` says holds for nobody else."""
    try:
        addresses = records.look(host) if records.is_told_here(host) else _look_up(host)
    except (socket.gaierror, records.Silent) as error:
        return _nowhere(host, error)
    except UnicodeError:
        return Name(host, fault=f"{host} cannot be a name in the DNS; mend hub.url.")
    if not addresses:
        only = f"Only this machine itself knows {host}, as by /etc/hosts, and the DNS does not"
        return Name(host, fault=f"{only}; {_RECORD}", is_absent=True)
    here = tuple(address for address in addresses if is_here(address))
    return Name(host, here, tuple(address for address in addresses if address not in here))


def _look_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_here(address: str) -> bool:
    """Whether an address is one of this machine's own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def doubt(name: Name, from_internet: bool = True) -> str:
    """
    Say what may keep an authority from reaching this machine by its name; may be empty.

    Args:
        from_internet: whether that is where the authority is.
    """
    private = [address for address in (*name.here, *name.elsewhere) if is_private(address)]
    if private and from_internet:
        return (
            f"{name.host} leads to {', '.join(private)}, a private address, which nobody reaches "
            "from the internet."
        )
    if name.elsewhere and name.here:
        return (
            f"{name.host} leads to {', '.join(name.elsewhere)} too, which this machine does not "
            "have; if that is no router of yours, take it out of the DNS."
        )
    if name.elsewhere:
        return (
            f"{name.host} leads to {', '.join(name.elsewhere)}, which this machine does not have "
            "itself: right behind a router, or at a cloud, that passes ports 80 and 443 on to it."
        )
    return ""


def is_private(address: str) -> bool:
    """Whether nobody comes to an address from the internet."""
    return not ipaddress.ip_address(address.partition("%")[0]).is_global


def _nowhere(host: str, error: Exception) -> Name:
    if isinstance(error, records.Silent) or getattr(error, "errno", 0) == socket.EAI_AGAIN:
        silent = f"Where {host} leads is not known: this machine's DNS does not answer."
        return Name(host, fault=silent)
    return Name(host, fault=f"{host} is not in the DNS; {_RECORD}", is_absent=True)
