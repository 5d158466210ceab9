"""
A policy as the text that ``nft`` takes: one table, put in place in one go.

All that servers send passes ``servers`` before any rule of the engine's or of a firewall, and
before a published port becomes another address; what that chain refuses is refused. Each packet is
looked at, not only the first of a connection: what is closed while it is in use ends at once.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from opendata_hub.machine.network.places import LOCAL, METADATA, Address, Range
from opendata_hub.machine.network.policy import Policy
from opendata_hub.machine.network.targets import Target

TIMEOUT = "1h"
"""For how long an address stays open after its name last meant it."""

CONNECTIONS = 64
"""That one server may have with the hub at a time; the hub has a thousand files for all of them."""

Found = Mapping[Target, Iterable[Address]]
"""What the names among a policy's targets mean now."""

_ND = "nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert"
# Said at once, so that nobody waits; the kernel limits how often it says it the second way.
_CLOSED = ["meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited"]
# After connections are known (-200), before addresses are changed (-100, the engine's ports).
_EARLY = -175


def text(policy: Policy, resolvers: Iterable[Address], found: Found) -> str:
    """
    Write the table, in place of the one that may be there.

    Args:
        resolvers: whom the engine asks for names; their port 53 is open.
    """
    table = f"table inet {policy.table}"
    return "\n".join(
        [
            table,
            f"delete {table}",
            f"{table} {{",
            *_sets(),
            *_chain("servers", _servers(policy, list(resolvers))),
            *_chain("closed", _CLOSED),
            *_chain(
                "from_servers",
                [
                    f"type filter hook prerouting priority {_EARLY}; policy accept;",
                    f'iifname "{policy.bridge}" jump servers',
                ],
            ),
            *_chain(
                "to_servers",
                [  # this machine reaches them without being forwarded
                    "type filter hook forward priority -10; policy accept;",
                    f'oifname "{policy.bridge}" ct state != {{ established, related }} drop',
                ],
            ),
            "}",
            *refresh(policy, found),
            "",
        ]
    )


def refresh(policy: Policy, found: Found) -> Iterator[str]:
    """Open what names mean now, and leave open for a while what they meant before."""
    for target, addresses in found.items():
        for address in addresses:
            port = "" if target.port is None else f" . {target.port}"
            kind = _kind(policy, target)
            rest = f"element inet {policy.table} {kind}{address.version} {{ {address}{port} }}"
            # One that is there already keeps its time, so it is taken out and put in anew.
            yield from (f"add {rest}", f"delete {rest}", f"add {rest}")


def _kind(policy: Policy, target: Target) -> str:
    if target not in policy.reach:
        return "internet" if target.port is None else "services"
    return "reach" if target.port is None else "doors"


def _sets() -> Iterator[str]:
    for version in (4, 6):
        for kind in ("reach", "doors", "internet", "services"):
            port = " . inet_service" if kind in ("doors", "services") else ""
            yield f"set {kind}{version} {{"
            yield f"type ipv{version}_addr{port}; flags timeout; timeout {TIMEOUT}"
            yield "}"
        yield f"set connected{version} {{"
        yield f"type ipv{version}_addr; size 65535; flags dynamic"
        yield "}"


def _chain(name: str, rules: Iterable[str]) -> list[str]:
    return [f"chain {name} {{", *rules, "}"]


def _servers(policy: Policy, resolvers: list[Address]) -> Iterator[str]:
    """Yield the rules for one packet that a server sends; the first that fits decides."""
    families = _Family("ip", 4), _Family("ip6", 6)
    gateway = [ipaddress.ip_address(policy.gateway)]
    hub = f"tcp dport {policy.hub_port}"
    yield "ct state established ct direction reply accept"  # this machine asked
    yield "ct state related meta l4proto { icmp, ipv6-icmp } accept"
    for family in families:
        yield from family.own_source(policy.subnets)
    for family in families:
        yield from family.only(resolvers, "meta l4proto { tcp, udp } th dport 53 accept")
    for family in families:
        yield from family.only(METADATA, "goto closed")
    for family in families:
        yield from family.only(gateway, f"{hub} ct state new {family.too_many(CONNECTIONS)}")
        yield from family.only(gateway, f"{hub} accept")
    for family in families:
        yield from family.open_ports(policy.reach, "doors")
    yield "fib daddr type { local, broadcast, anycast, multicast } goto closed"
    for family in families:
        yield from family.open_ranges(policy.reach, "reach")
    for family in families:
        yield from family.only(LOCAL, "goto closed")
    yield from _internet(policy, families)


def _internet(policy: Policy, families: Iterable["_Family"]) -> Iterator[str]:
    if policy.internet is True:
        return
    if policy.internet:
        for family in families:
            yield from family.open_ports(policy.internet, "services")
            yield from family.open_ranges(policy.internet, "internet")
    yield "goto closed"


@dataclass(frozen=True)
class _Family:
    """IPv4 or IPv6, each with a word of its own."""

    word: str
    version: int

    def own_source(self, subnets: Iterable[str]) -> Iterator[str]:
        """Drop what pretends to come from elsewhere."""
        own = [one for one in map(ipaddress.ip_network, subnets) if one.version == self.version]
        if not own:
            yield f"meta nfproto ipv{self.version} drop"
            return
        if self.version == 6:
            yield f"icmpv6 type {{ {_ND} }} ip6 hoplimit 255 accept"
        yield f"meta nfproto ipv{self.version} {self.word} saddr != {_listed(own)} drop"

    def only(self, places: Iterable[Address | Range], verdict: str) -> Iterator[str]:
        """Yield the rule for what goes to one of these, if any is of this family."""
        own = [ipaddress.ip_network(one) for one in places if one.version == self.version]
        if own:
            yield f"{self.word} daddr {_listed(own)} {verdict}"

    def too_many(self, most: int) -> str:
        """Refuse whoever has more than so many connections of the kind that comes here."""
        source = f"{self.word} saddr"
        return f"add @connected{self.version} {{ {source} ct count over {most} }} goto closed"

    def open_ranges(self, targets: Iterable[Target], names: str) -> Iterator[str]:
        """Open addresses and ranges, and what names mean."""
        yield from self.only([t.range for t in targets if t.range and t.port is None], "accept")
        yield f"{self.word} daddr @{names}{self.version} accept"

    def open_ports(self, targets: Iterable[Target], names: str) -> Iterator[str]:
        """Open single ports of addresses, and of what names mean."""
        head = f"meta l4proto {{ tcp, udp }} {self.word} daddr . th dport"
        own = {
            f"{t.range.network_address} . {t.port}"
            for t in targets
            if t.range and t.range.version == self.version and t.port is not None
        }
        if own:
            yield f"{head} {{ {', '.join(sorted(own))} }} accept"
        yield f"{head} @{names}{self.version} accept"


def _listed(ranges: Iterable[Range]) -> str:
    """Write ranges as a set, in which none may lie in another."""
    four = ipaddress.collapse_addresses(r for r in ranges if isinstance(r, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(r for r in ranges if isinstance(r, ipaddress.IPv6Network))
    return f"{{ {', '.join(map(str, (*four, *six)))} }}"
