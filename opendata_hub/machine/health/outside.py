"""The hub from outside: where its name leads, and what of its ports can be known from here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from opendata_hub.machine import cloud, handshake, names, reach
from opendata_hub.machine.health.finding import Finding, fault, listed, ok, warning
from opendata_hub.machine.reach import Door, Seen, Sight


@dataclass(frozen=True)
class Target:
    """
    What people type, and what shall answer there.

    Attributes:
        url: the address; its ``host``, and the ``doors``: its ports.
        listen: address of this machine at which they answer.
        is_known: whether the internet's name service must know the host, for an authority.
    """

    url: str
    host: str
    doors: tuple[Door, ...]
    listen: str = "127.0.0.1"
    is_known: bool = False

    @property
    def ports(self) -> str:
        """The ports, in words."""
        return _ports([door.port for door in self.doors])

    @property
    def try_elsewhere(self) -> str:
        """What to type on another machine, which sees what this one cannot."""
        return f"on a machine elsewhere: curl -sSkI {self.url}"


@dataclass(frozen=True)
class Look:
    """
    What is there.

    Attributes:
        name: what the DNS says.
        cloud: addresses that the cloud passes on to this machine.
        answers: whether a hub answers on this machine, to compare with.
        seen: what answers at addresses that this machine does not have itself.
        certified: when an authority last came in from the internet; None if it did not.
    """

    name: names.Name
    cloud: Sequence[str] = ()
    answers: bool = False
    seen: Seen = field(default_factory=dict)
    certified: datetime | None = None


def check(target: Target) -> Iterator[Finding]:
    """Look, then judge."""
    yield from judge(target, look(target))


def look(target: Target) -> Look:
    """Ask the DNS, the cloud's own metadata service and the hub's own addresses; nobody else."""
    name = names.look(target.host)
    places = [*name.elsewhere, target.listen]
    seen = reach.look(target.host, target.doors, target.listen, places)
    answers = bool(seen.pop(target.listen, None))
    told = cloud.addresses() if name.elsewhere or name.is_absent else ()
    return Look(name, told, answers, seen, _certified(target) if answers else None)


def _certified(target: Target) -> datetime | None:
    if not target.is_known:
        return None
    try:
        shown = handshake.shown(target.host, target.doors[0].port, target.listen)
    except OSError:
        return None
    return shown.not_valid_before_utc


def judge(target: Target, found: Look) -> Iterator[Finding]:
    """Say whether people come to this hub, as far as that is known from here."""
    name = found.name
    if name.fault:
        yield _judge_nowhere(target, name, found.cloud)
        return
    passed = [address for address in name.elsewhere if _is_passed_on(address, found)]
    ours = [*name.here, *passed]
    # Who was certified from the internet is known there by another address than here.
    hidden = [address for address in ours if _is_hidden(target, address) and not found.certified]
    if fine := [address for address in ours if address not in hidden]:
        yield ok("Name", _words(name.host, fine))
    for address in hidden:
        yield _judge_hidden(target, address, bool(fine))
    for address in name.elsewhere:
        if address not in passed:
            yield _judge_stranger(target, address, found, bool(ours))
    if not found.answers:
        yield ok("Outside", "what other machines see of the hub is tried when it runs.")
        return
    for address in passed:
        yield from _judge_passed(target, address, found.seen.get(address, {}))
    if not all(map(names.is_private, name.here)):
        yield _judge_unseen(target, found)


def _words(host: str, ours: list[str]) -> str:
    if ours == [host]:
        return f"{host} is an address of this machine, or is passed on to it."
    return f"{host} leads to this machine, at {', '.join(ours)}."


def _judge_nowhere(target: Target, name: names.Name, told: Sequence[str]) -> Finding:
    if not name.is_absent:
        return (fault if target.is_known else warning)("Name", name.fault, "see /etc/resolv.conf")
    fix = f"by the cloud, the address is {', '.join(told)}" if told else _ADDRESSES
    if target.is_known:
        return fault("Name", name.fault, fix)
    return warning("Name", f"{name.fault} Students' machines must find it, too.", fix)


_ADDRESSES = "to see this machine's addresses: ip -brief address"


def _is_passed_on(address: str, found: Look) -> bool:
    return address in found.cloud or Sight.OURS in found.seen.get(address, {}).values()


def _is_hidden(target: Target, address: str) -> bool:
    """Whether those who have to come from the internet do not reach an address."""
    return target.is_known and names.is_private(address)


def _judge_hidden(target: Target, address: str, also: bool) -> Finding:
    leads = _leads(target, address, also)
    text = f"{leads}, a private address, which nobody reaches from the internet."
    return warning("Name", text, f"write the public one into the {_record(address)} record")


def _record(address: str) -> str:
    return "AAAA" if ":" in address else "A"


def _leads(target: Target, address: str, also: bool) -> str:
    return f"{target.host} leads to {address}{' too' if also else ''}"


def _judge_stranger(target: Target, address: str, found: Look, also: bool) -> Finding:
    if _is_hidden(target, address):
        return _judge_hidden(target, address, also)
    record, leads = _record(address), _leads(target, address, also)
    take_out = f"take the {record} record with {address} out of the DNS"
    mend = take_out if also else f"write this machine's address into the {record} record"
    first = " Authorities and browsers ask there first." if record == "AAAA" else ""
    if Sight.OTHER in found.seen.get(address, {}).values():
        text = f"{leads}, where something else than this hub answers.{first}"
        return warning("Name", text, f"unless that is your own router's inner side: {mend}")
    tried = " and by which it does not reach itself" if found.answers else ""
    text = (
        f"{leads}, which this machine does not have itself{tried}: right behind a router, or at a "
        f"cloud, that passes {target.ports} on to it.{first}"
    )
    return warning("Name", text, f"{target.try_elsewhere}; if nothing answers: {mend}")


def _judge_passed(target: Target, address: str, seen: dict[int, Sight]) -> Iterator[Finding]:
    if opened := [port for port, sight in seen.items() if sight is Sight.OURS]:
        yield ok("Outside", f"{_ports(opened)} of {address} lead to this hub, tried from here.")
    for port, sight in seen.items():
        if sight is Sight.OTHER:
            text = f"at {address}, port {port}, something else than this hub answers."
            yield warning("Outside", text, f"pass port {port} on to this machine")
        elif sight is not Sight.OURS:
            how = "is refused" if sight is Sight.REFUSED else "gets no answer"
            text = (
                f"port {port} of {address} {how}, tried from here: a firewall before this machine, "
                "such as the cloud's security group, closes it, or nobody comes back in from here."
            )
            yield warning("Outside", text, f"open port {port} there; {target.try_elsewhere}")


def _judge_unseen(target: Target, found: Look) -> Finding:
    if found.certified:
        text = (
            f"the authority came in from the internet on {found.certified:%F}, for the certificate."
        )
        return ok("Outside", text)
    text = (
        f"whether firewalls before this machine let {target.ports} through cannot be seen from it."
    )
    return ok("Outside", text, target.try_elsewhere)


def _ports(numbers: Sequence[int]) -> str:
    words = listed([str(number) for number in numbers])
    return f"port{'s' if len(numbers) > 1 else ''} {words}"
