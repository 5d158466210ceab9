"""The hub's proxy and the Node.js that runs it."""

import re
from dataclasses import dataclass

from opendata_hub.machine import own_command, proxy
from opendata_hub.machine.commands import output
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

GOOD = 5
"""Major version: before it, each broken connection left a socket open, until none was left."""

_UPDATE = f"npm install --global {proxy.PROXY}@{GOOD}"


@dataclass(frozen=True)
class Versions:
    """
    What the programs say.

    Attributes:
        installed: whether there is a proxy.
        proxy: its version; empty where it does not run.
        node: that of Node.js; empty where it does not run.
    """

    installed: bool
    proxy: str = ""
    node: str = ""


def look() -> Versions:
    """Ask the proxy that the hub would start, and its Node.js."""
    command = proxy.command()
    if not command:
        return Versions(False)
    node = command[0] if len(command) > 1 else "node"
    return Versions(True, _version([*command, "--version"]), _version([node, "--version"]))


def _version(command: list[str]) -> str:
    found = re.search(r"\d+(\.\d+)+", output(command))
    return found[0] if found else ""


def judge(versions: Versions) -> Finding:
    """Say whether the proxy runs."""
    if not versions.installed:
        return fault("Proxy", f"{proxy.PROXY} is not installed.", own_command.prepare())
    if not versions.node:
        text = f"{proxy.PROXY} is here, but not the Node.js that it needs."
        return fault("Proxy", text, "sudo apt-get install nodejs")
    if not versions.proxy:
        text = f"{proxy.PROXY} does not run with Node.js {versions.node}."
        return fault("Proxy", text, _UPDATE)
    text = f"{proxy.PROXY} {versions.proxy} runs, with Node.js {versions.node}"
    if int(versions.proxy.split(".")[0]) < GOOD:
        return warning("Proxy", f"{text}; older than {GOOD}, it runs out of sockets.", _UPDATE)
    return ok("Proxy", f"{text}.")


def check() -> Finding:
    """Look, then judge."""
    return judge(look())
