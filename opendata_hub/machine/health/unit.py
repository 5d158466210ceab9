"""The hub as a service of systemd: does it start at boot, does it run, does it keep running."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from opendata_hub.machine.commands import output
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_CGROUPS = Path("/sys/fs/cgroup")
_ASKED = ("LoadState", "ActiveState", "UnitFileState", "NRestarts", "Result", "ControlGroup")
_MANY = 3  # restarts; one is what an upgrade of the engine may cost


@dataclass(frozen=True)
class Service:
    """
    What systemd knows of it.

    Attributes:
        name: such as ``opendata-hub.service``.
        facts: properties by name; none where there is no such service.
        killed: processes of the hub itself that the kernel has ended for want of memory.
    """

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    killed: int = 0


def check(name: str) -> Iterator[Finding]:
    """Look, then judge."""
    yield from judge(look(name))


def look(name: str) -> Service:
    """Ask systemd."""
    properties = f"--property={','.join(_ASKED)}"
    lines = output(["systemctl", "show", name, properties]).splitlines()
    facts = dict(line.partition("=")[::2] for line in lines)
    if facts.get("LoadState") != "loaded":
        return Service(name)
    return Service(name, facts, killed(facts.get("ControlGroup", "").lstrip("/")))


def killed(group: str) -> int:
    """Return how many processes of a group the kernel has ended for want of memory."""
    for place, file in (("", "memory.events"), ("memory", "memory.oom_control")):
        with suppress(OSError, ValueError):
            lines = (_CGROUPS / place / group / file).read_text("ascii").splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return 0


def judge(service: Service) -> Iterator[Finding]:
    """Say whether a hub comes with the next boot, and how this one is; nothing if there is none."""
    if not service.facts:
        return
    name, state = service.name.removesuffix(".service"), service.facts.get("ActiveState", "")
    if service.facts.get("UnitFileState") == "disabled":
        text = "it does not start when this machine does."
        yield warning("Service", text, f"sudo systemctl enable {name}")
    if service.killed:
        text = (
            "the kernel has ended programs of the hub itself for want of memory "
            f"({service.killed} since it was started)."
        )
        yield warning("Service", text, "write a larger start.reserve in hub.yaml")
    if state == "active":
        yield _judge_running(name, int(service.facts.get("NRestarts") or 0))
    else:
        yield _judge_idle(name, state, service.facts.get("Result", ""))


def _judge_running(name: str, restarts: int) -> Finding:
    if restarts >= _MANY:
        text = f"it runs, after systemd had to start it again {restarts} times."
        return warning("Service", text, f"see why it ended: journalctl -u {name}")
    return ok("Service", f"{name} runs.")


def _judge_idle(name: str, state: str, result: str) -> Finding:
    if state in ("activating", "reloading"):
        return warning("Service", f"{name} is starting.", f"watch it: journalctl -fu {name}")
    why = f" ({result})" if result not in ("", "success") else ""
    text = f"{name} does not run{why}."
    fix = f"sudo systemctl start {name}; if that fails: journalctl -u {name} -n 30"
    return fault("Service", text, fix)
