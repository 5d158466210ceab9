"""What was seen of an image, as findings and a verdict in plain words; touches nothing."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opendata_hub.fields import format_size
from opendata_hub.homes import GID, UID
from opendata_hub.machine.health import Finding, Level, fault, ok, warning
from opendata_hub.machine.preflight.facts import Down, Facts, Kernel, Program, Up

_START = "Start"
_LOGIN = "JupyterHub"
_PROGRAM = "jupyterhub-singleuser"


@dataclass(frozen=True)
class Verdict:
    """
    What to make of an image.

    Attributes:
        findings: one per thing that was looked at.
    """

    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def fits(self) -> bool:
        """Whether people can work with it in the hub."""
        return not self._worst(Level.FAULT)

    @property
    def words(self) -> str:
        """``fits``, ``fits, with remarks``, or ``does not fit`` and what is to be done first."""
        name = self.facts.subject.name
        if faults := self._worst(Level.FAULT):
            return f"{name} does not fit: {faults[0].text}"
        return f"{name} fits{', with remarks' if self._worst(Level.WARNING) else ''}."

    @property
    def log(self) -> str:
        """The last lines that it printed, where something failed; else nothing."""
        return self.facts.server.lines

    def _worst(self, level: Level) -> list[Finding]:
        return [finding for finding in self.findings if finding.level is level]

    def plain(self) -> dict[str, Any]:
        """All of it for scripts, as JSON takes it."""
        facts, server = self.facts, self.facts.server
        up = server if isinstance(server, Up) else Up(0, None)
        return {
            "image": facts.subject.name,
            "reference": facts.subject.image.reference,
            "fits": self.fits,
            "verdict": self.words,
            "size": facts.size,
            "user": facts.user,
            "seconds": round(up.seconds, 2) if isinstance(server, Up) else None,
            "jupyterhub": up.jupyterhub or (facts.program.student if facts.program else None),
            "hub": facts.hub,
            "kernels": [
                {"name": k.name, "title": k.title, "works": not k.trouble, "ran": k.ran}
                for k in up.kernels
            ],
            "findings": [
                {"name": f.name, "level": f.level.name.lower(), "text": f.text, "fix": f.fix}
                for f in self.findings
            ],
            "log": self.log,
        }


def judge(facts: Facts) -> Verdict:
    """Turn what was seen into findings."""
    return Verdict(facts, tuple(_findings(facts)))


def _findings(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.server, Down):
        yield from _down(facts, facts.server)
    else:
        yield from _up(facts, facts.server)
    yield ok("Size", f"{format_size(facts.size)}, with the layers that it shares with others.")


def _down(facts: Facts, server: Down) -> Iterator[Finding]:
    """Say what is missing, then what happened."""
    program = facts.program or Program(None, None)
    started = f"it was started as user {UID} with `{shlex.join(facts.command)}`"
    what = f"{started}, and {server.reason.rstrip('.')}."
    if server.out_of_memory:
        yield fault(_START, what, "write more `memory` into its entry, or limits.memory")
    elif program.student:
        yield ok(_PROGRAM, f"{program.student} is in it.")
        yield fault(
            _START,
            f"its own command does not start a server: {what}",
            f'end that command with `exec {_PROGRAM} "$@"`, or let it be: CMD ["{_PROGRAM}"]',
        )
    else:
        yield _without_program(facts, program)
        yield fault(_START, what)


def _without_program(facts: Facts, program: Program) -> Finding:
    if program.root:
        return fault(
            _PROGRAM,
            f"it runs as root only, and in a hub nobody is root: servers run as user {UID}.",
            f"let everybody read and run what is in it, such as `RUN chmod -R a+rX /opt`, until "
            f"this prints a version: docker run --rm --user {UID}:{GID} "
            f"{facts.subject.image.reference} {_PROGRAM} --version",
        )
    return fault(_PROGRAM, f"it has no {_PROGRAM}.", _install(facts))


def _install(facts: Facts) -> str:
    return (
        f"install it, in the hub's version: RUN pip install jupyterhub=={facts.hub} jupyterlab, "
        f'and CMD ["{_PROGRAM}"]'
    )


def _up(facts: Facts, server: Up) -> Iterator[Finding]:
    yield ok(
        _START,
        f"it answered after {server.seconds:.1f} seconds, as user {UID}, without capabilities"
        f"{_own_user(facts)}.",
    )
    if server.jupyterhub is None:
        yield _stranger(facts)
        return
    yield _version(server.jupyterhub, facts.hub)
    yield _home(server)
    yield _page(server)
    if not server.kernels:
        text = "it has no kernel, so that nothing can be run."
        yield fault("Kernels", text, "install one: RUN pip install ipykernel")
    yield from map(_kernel, server.kernels)


def _own_user(facts: Facts) -> str:
    root = facts.user.split(":")[0] in ("root", "0")
    return "; without a hub it would be root" if root else ""


def _stranger(facts: Facts) -> Finding:
    """Say why a server answers that nobody could log in to."""
    asks = f"`{shlex.join(facts.command)}` starts a server that does not know the hub's login"
    program = facts.program or Program(None, None)
    if program.student:
        return fault(
            _LOGIN,
            f"{asks}, though {_PROGRAM} {program.student} is in it.",
            f'let it be the command: CMD ["{_PROGRAM}"]',
        )
    return fault(_LOGIN, f"{asks}: it has no {_PROGRAM}, or one before 0.8.", _install(facts))


# Measured with hubs 6.1 and 5.4; docs/howto/images.md has the table.
_REMARKS = (
    ((0, 9), "its students can work, but for admins and services its server fails"),
    ((2, 0), "its students can work, but admins and services are refused by its server"),
    (
        (4, 1),
        "it works, but before 4.1 a server does not protect its student from requests that a page "
        "on another student's server sends",
    ),
)


def _version(inside: str, hub: str) -> Finding:
    text = f"{inside} in the image, {hub} in the hub"
    for below, remark in _REMARKS:
        if tuple(int(number) for number in re.findall(r"\d+", inside)[:2]) < below:
            return warning(_LOGIN, f"{text}: {remark}.", f"install a newer one: jupyterhub=={hub}")
    return ok(_LOGIN, f"{text}, which fits.")


def _home(server: Up) -> Finding:
    if not server.home:
        return ok("Home", "what people save is in their home.")
    return fault(
        "Home",
        f"{server.home}.",
        "let the server start in the home: take `--notebook-dir`, `root_dir` and the like out of "
        f"its command and configuration, and write nothing of its own where user {UID} may not",
    )


def _page(server: Up) -> Finding:
    if server.page_status == 200:
        return ok("Page", f"people land on {server.page}, which is there.")
    return warning(
        "Page",
        f"people would land on {server.page}, which answers with HTTP {server.page_status}.",
        "write another `default_url` into its entry, such as /tree, or install jupyterlab in it",
    )


def _kernel(kernel: Kernel) -> Finding:
    name = f"Kernel {kernel.name}"
    if kernel.trouble:
        return fault(
            name,
            f"its kernel {kernel.title} does not work: {kernel.trouble.rstrip('.')}.",
            f"mend it, or take it out: jupyter kernelspec remove -f {kernel.name}",
        )
    if kernel.ran:
        return ok(name, f"{kernel.title} starts and runs code.")
    return ok(name, f"{kernel.title} starts and answers; no code was tried in {kernel.language}.")
