"""The servers' network: what they reach, tried from inside."""

from collections.abc import Iterator

from opendata_hub.machine.health.finding import Finding, fault, ok, warning
from opendata_hub.machine.network import Policy
from opendata_hub.machine.network.proof import Attempt, Kind, Proof

_MEND = "sudo opendata-hub network install"
_CLOSED = {
    Kind.SERVERS: ("each other", "servers do not reach each other."),
    Kind.HOST: ("this machine", "of this machine servers reach nothing but the hub."),
    Kind.METADATA: ("the cloud's keys", "servers do not reach the cloud's metadata services."),
    Kind.PRIVATE: ("private ranges", "servers do not reach the networks around this machine."),
}


def judge_open() -> Finding:
    """Say that hub.yaml wants no rules."""
    text = "network.isolate is false: servers reach this machine and the networks around it."
    return warning("Network", text, "take that line out of hub.yaml, unless something else does it")


def judge_absence() -> Finding:
    """Say that there is nothing to be tried yet."""
    return ok("Network", "the hub makes it when it first starts; what servers reach is tried then.")


def judge_unseen() -> Finding:
    """Say that there is nothing to try it with."""
    return warning("Network", "what servers reach was not tried, as that takes an image.")


def judge(proof: Proof, policy: Policy) -> Iterator[Finding]:
    """Say, for each kind of target, whether it is as hub.yaml wants it."""
    yield _hub(proof)
    for kind, (what, words) in _CLOSED.items():
        opened = proof.opened(kind)
        yield _open(what, opened) if opened else ok("Network", words)
    if not proof.names:
        yield warning(
            "Network",
            "servers cannot look up names of the internet.",
            "see what a server is told: /etc/resolv.conf of this machine",
        )
    yield _internet(proof, policy)
    for one in proof.of(Kind.REACH):
        if not one.opened:
            text = f"nobody answers at {one.host}, port {one.port}, which network.reach opens."
            yield warning("Network", text)


def _hub(proof: Proof) -> Finding:
    (one,) = proof.of(Kind.HUB)
    where = f"{one.host}, port {one.port}"
    if one.opened:
        return ok("Network", f"servers reach the hub at {where}.")
    text = f"servers do not reach the hub at {where}: something else on this machine closes it."
    return fault("Network", text, f"let in what comes to {where}, such as in ufw or firewalld")


def _open(what: str, opened: list[Attempt]) -> Finding:
    found = ", ".join(f"{one.host} port {one.port}" for one in opened)
    return fault("Network", f"servers reach {what} ({found}), which the rules close.", _MEND)


def _internet(proof: Proof, policy: Policy) -> Finding:
    (one,) = proof.of(Kind.INTERNET)
    if policy.internet is not True:
        words = "the internet is closed to servers, as hub.yaml says."
        listed = "servers reach of the internet what hub.yaml lists, and not the rest."
        closed = ok("Network", listed if policy.internet else words)
        return _open("the internet", [one]) if one.opened else closed
    if one.opened:
        return ok("Network", "servers reach the internet.")
    text = f"servers do not reach the internet: {one.host} does not answer."
    return warning("Network", text, "fine where there is none, or a proxy leads there")
