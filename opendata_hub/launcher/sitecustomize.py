"""
A quick start for the notebook server of any image; runs in its container, never in the hub.

The folder of this file leads ``PYTHONPATH`` there, so that each Python of the container, wherever
it lies, runs it first. One that is not the server just goes on to the image's own
``sitecustomize``. In the server's own process it also

- takes itself out of the environment: kernels and terminals see the image's;
- defers imports of which a server uses nothing, until somebody does;
- holds garbage collection until the server listens.

Whatever is unexpected makes it an ordinary start. It runs on Python 3.8 and newer, and imports
next to nothing that a start does not import anyway.
"""

import gc
import importlib
import os
import sys
import threading
import time
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

HERE = os.path.dirname(os.path.abspath(__file__))

SERVERS = {
    "jupyterhub-singleuser", "jupyterhub.singleuser", "jupyter-labhub", "jupyterlab.labhubapp"
}  # fmt: skip
"""Scripts, and modules for ``python -m``, that are a hub's server."""

BEGIN = "jupyterhub.singleuser"
"""All of it happens while this is being imported: the extensions of a server are loaded later."""

KNOWN = {"4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "6.0", "6.1"}
"""Versions of JupyterHub whose servers need no database."""

HELD = 2**31 - 1  # objects until the next collection, which nothing reaches
PATIENCE = 15.0  # seconds for which garbage is held, at most
LOOK_AGAIN = 0.2  # seconds


def later(module: str, name: str) -> object:
    """Return a function that is the named one of a module, which is imported at its first call."""

    def call(*args: object, **kwargs: object) -> object:
        return getattr(DEFERRAL.real(module), name)(*args, **kwargs)

    return call


GRAMMARS = {"rfc3987_syntax": {"is_valid_syntax": later("rfc3987_syntax", "is_valid_syntax")}}
"""Builds some 35 parsers at its import, for a check of addresses that hardly anything asks for."""

DATABASE = {
    "sqlalchemy": {},
    "sqlalchemy.exc": {"SQLAlchemyError": type("SQLAlchemyError", (Exception,), {})},
    "jupyterhub.orm": {},
    "jupyterhub.roles": {},
    "jupyterhub.handlers": {},
    "jupyterhub.handlers.pages": {"HealthCheckHandler": type("HealthCheckHandler", (), {})},
}  # type: dict[str, dict[str, object]]
"""
The hub's half of JupyterHub, and what is taken out of its modules by name.

Only the hub raises these errors, and answers with these handlers: to a server, classes do that are
nothing but their names.
"""


def main() -> None:
    """Make the start of a server quick; leave any other process alone."""
    try:
        if program(command()) in SERVERS:
            leave_environment()
            sys.meta_path.insert(0, DEFERRAL)
    except Exception as error:
        plainly(error)


def plainly(error: Exception) -> None:
    """Say why this is an ordinary start."""
    print(f"opendata-hub: an ordinary start, not a quick one: {error!r}", file=sys.stderr)


def command() -> "list[str]":
    """Return what this process's Python was called with, its own options included."""
    if hasattr(sys, "orig_argv"):
        return list(sys.orig_argv[1:])
    with open("/proc/self/cmdline") as line:  # before Python 3.10
        return line.read().split("\0")[1:-1]


def program(arguments: "list[str]") -> str:
    """Return the name of the script or module that a Python is to run; of nothing else."""
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            return os.path.basename(argument)
        option = "" if argument.startswith("--") else argument.lstrip("-bBdEhiIOPqsSuvVx?")
        if argument == "--check-hash-based-pycs" or option in ("W", "X"):
            next(rest, "")
        elif option[:1] in ("c", "m"):
            return (option[1:] or next(rest, "")) if option[0] == "m" else ""
    return ""


def leave_environment() -> None:
    """Let children have the image's own ``PYTHONPATH``, and none where it has none."""
    entries = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
    theirs = os.pathsep.join(entry for entry in entries if entry != HERE)
    if theirs:
        os.environ["PYTHONPATH"] = theirs


class StandIn(ModuleType):
    """Is in a module's place, and what that module is as soon as anything of it is used."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # questions of the import system, not use
            raise AttributeError(name)
        return getattr(DEFERRAL.real(self.__name__), name)


class Deferral:
    """Finder of stand-ins, up to the end of the server's import."""

    def __init__(self) -> None:
        self.deferred = dict(GRAMMARS)

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        """Find a module as ``sys.meta_path`` asks; none of ours is left to the others."""
        if name == BEGIN:
            return self._begun(name, path)
        if name in self.deferred:
            return self._stand_in(name, path)
        if name.rpartition(".")[0] in self.deferred:
            return Handed(importlib.import_module, name)
        return None
