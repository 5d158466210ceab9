"""A wire between the tests and their machines, on which the tests can cut the internet."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Bridge:
    """A network of its own: the tests' end is ``gateway``; a machine's is :meth:`address`."""

    number: int

    @property
    def name(self) -> str:
        """Of the interface."""
        return f"odhvm{self.number}"

    @property
    def subnet(self) -> str:
        """Its addresses."""
        return f"10.213.{self.number}.0/24"

    @property
    def gateway(self) -> str:
        """Address of the tests, where machines reach what they serve."""
        return self.address(1)

    def address(self, last: int) -> str:
        """Return the address of a machine."""
        return f"10.213.{self.number}.{last}"

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Have no machine reach anything but the tests; what is open breaks as well."""
        rule = ["FORWARD", "-i", self.name, "-j", "DROP"]
        _run("iptables", "-I", *rule)
        try:
            yield
        finally:
            _run("iptables", "-D", *rule)


@contextmanager
def bridge() -> Iterator[Bridge]:
    """Make one that leads to the internet as well."""
    with socket.socket(socket.AF_UNIX) as claim:
        made = Bridge(_claim(claim))
        rules = [
            ("filter", "FORWARD", "-i", made.name, "-j", "ACCEPT"),
            ("filter", "FORWARD", "-o", made.name, "-j", "ACCEPT"),
            ("nat", "POSTROUTING", "-s", made.subnet, "!", "-o", made.name, "-j", "MASQUERADE"),
        ]
        subprocess.run(["ip", "link", "delete", made.name], capture_output=True)  # a killed run's
        _run("ip", "link", "add", made.name, "type", "bridge")
        try:
            _run("ip", "address", "add", f"{made.gateway}/24", "dev", made.name)
            _run("ip", "link", "set", made.name, "up")
            for table, *rule in rules:
                _run("iptables", "-t", table, "-I", *rule)
            yield made
        finally:
            for table, *rule in rules:
                subprocess.run(["iptables", "-t", table, "-D", *rule], capture_output=True)
            _run("ip", "link", "delete", made.name)


def _claim(claim: socket.socket) -> int:
    """Take a number that no other test of this machine has, until the socket is closed."""
    for number in range(200):
        try:
            claim.bind(f"\0opendata-hub-tests:bridge:{number}")
        except OSError:
            continue
        return number
    raise AssertionError("no number is left for a bridge")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
