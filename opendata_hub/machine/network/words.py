"""A policy in plain words."""

from collections.abc import Iterable

from opendata_hub.machine.network.places import Address
from opendata_hub.machine.network.policy import Policy


def told(policy: Policy, resolvers: Iterable[Address], there: bool) -> list[str]:
    """
    Return the lines that say what servers reach.

    Args:
        there: whether the rules are in place.
    """
    where = f"{policy.network} ({', '.join(policy.subnets)}; {policy.bridge})"
    state = "in place" if there else "NOT in place: nothing of this holds"
    return [
        f"Servers stand on the network {where}.",
        f"Its rules are {state}.",
        "",
        "Open to servers:",
        f"  the hub         {policy.gateway}, port {policy.hub_port}",
        f"  names           port 53 of {', '.join(sorted(map(str, resolvers)))}",
        f"  the internet    {_internet(policy)}",
        *(f"  beside that     {target}" for target in policy.reach),
        "",
        "Closed to servers:",
        "  each other      whatever the address",
        "  this machine    all other ports, by whatever address",
        "  what is around  private and link-local ranges, other containers, multicast",
        f"  a cloud's keys  {', '.join(policy.never[:3])} and {len(policy.never) - 3} more, always",
        *([] if policy.internet is True else ["  the internet    all that is not listed above"]),
        "",
        "Closed to all others: connections to servers. Only this machine opens them.",
    ]


def _internet(policy: Policy) -> str:
    if policy.internet is True:
        return "all of it"
    return ", ".join(map(str, policy.internet)) if policy.internet else "nothing of it"
