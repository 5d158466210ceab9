"""Putting a policy in place, and keeping it there."""

import logging
import time
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.machine.network import names, nft, resolvers, rules
from opendata_hub.machine.network.places import Address
from opendata_hub.machine.network.policy import Policy
from opendata_hub.machine.network.targets import Target

PERIOD = 5.0
"""Seconds between two looks."""

NAMES = 60.0
"""Seconds for which what a name meant counts as what it means."""

_SWITCHES = Path("/proc/sys/net/bridge")

log = logging.getLogger("opendata_hub.network")


class Keeper:
    """
    Keeps one policy.

    Resolvers that the engine once asked stay open as long as this lives: a server asks those that
    were there when it started.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._resolvers: set[Address] = set()
        self._text = ""
        self._listing = ""
        self._found: dict[Target, set[Address]] = {}
        self._looked_up = -NAMES
        self._unknown: set[Target] = set()
        self._fault = ""

    def run(self, period: float = PERIOD) -> None:
        """Work for ever, whatever goes wrong."""
        while True:
            try:
                self.round()
                self._fault = ""
            except MachineError as error:
                if str(error) != self._fault:
                    log.error("The network's rules cannot be kept: %s", error)
                self._fault = str(error)
            time.sleep(period)

    def round(self) -> None:
        """
        Look once, mend what is amiss, and open what names mean now.

        Raises:
            MachineError: this machine cannot have rules, or not by this process.
        """
        watch_bridges()
        self._resolvers |= resolvers.of_engine()
        if time.monotonic() >= self._looked_up + NAMES:
            self._look_up()
        text = rules.text(self._policy, sorted(self._resolvers, key=str), {})
        there = nft.listing(self._policy.table)
        if text == self._text and there == self._listing:
            if opened := list(rules.refresh(self._policy, self._found)):
                nft.load("\n".join((*opened, "")))
            return
        if self._text and there != self._listing:
            lost = "were changed" if there else "were gone"
            log.warning("The rules of %s %s, and are mended", self._policy.network, lost)
        nft.load(rules.text(self._policy, sorted(self._resolvers, key=str), self._found))
        self._text, self._listing = text, nft.listing(self._policy.table)

    def _look_up(self) -> None:
        self._found = names.look_up(self._policy.targets)
        self._looked_up = time.monotonic()
        unknown = {target for target, addresses in self._found.items() if not addresses}
        for target in sorted(unknown - self._unknown, key=str):
            log.warning("Nobody knows the name '%s', so it is not open to servers", target.host)
        self._unknown = unknown


def install(policy: Policy) -> None:
    """
    Put a policy in place, once.

    Raises:
        MachineError: see :meth:`Keeper.round`.
    """
    Keeper(policy).round()


def watch_bridges() -> None:
    """
    Have rules look at what servers send each other, which is not routed.

    Raises:
        MachineError: the kernel cannot do that, or not for this user.
    """
    for switch in ("bridge-nf-call-iptables", "bridge-nf-call-ip6tables"):
        file = _SWITCHES / switch
        try:
            if file.read_text("ascii").strip() != "1":
                file.write_text("1", "ascii")
                log.warning("%s was off, and is mended", file)
        except PermissionError:
            raise nft.NotAllowed("Only root can put the network's rules in place.") from None
        except OSError:
            raise nft.NoRules(
                "The kernel does not show rules what servers send each other; load its module: "
                "sudo modprobe br_netfilter"
            ) from None
