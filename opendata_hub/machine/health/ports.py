"""The hub's ports: free, or its own already."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.machine import foreground, own_command, ports
from opendata_hub.machine.health.finding import Finding, fault, ok


@dataclass(frozen=True)
class Use:
    """
    Who uses the hub's ports.

    Attributes:
        taken: by port, why this process may not have it, as in ``is taken by node (process 7)``;
            None where it may. The public port comes first.
        proxy: process of this hub's own proxy, if that has the public port; 0 where a file says so
            that this user may not read.
        answers: whether a hub answers at the public port.
    """

    taken: Mapping[int, str | None]
    proxy: int | None = None
    answers: bool = False


def look(public: int, others: tuple[int, ...], health: str, pid_file: Path) -> Use:
    """
    Find out who uses the ports.

    Args:
        public: the port that people type.
        others: those that follow from it.
        health: address of the page by which a hub says that it is well.
        pid_file: where this hub keeps the process id of its proxy.
    """
    taken = {port: ports.fault(port) for port in (public, *others)}
    if not taken[public]:
        return Use(taken)
    return Use(taken, _own_proxy(pid_file, public), foreground.answers(health))


def _own_proxy(pid_file: Path, port: int) -> int | None:
    try:
        process = int(pid_file.read_text("ascii"))
    except PermissionError:
        return 0
    except (OSError, ValueError):
        return None
    return process if ports.is_held_by(process, port) else None


def judge(use: Use) -> list[Finding]:
    """Say whether the hub can have its ports."""
    *first, last = map(str, use.taken)
    names = f"{', '.join(first)} and {last}"
    if not any(use.taken.values()):
        return [ok("Ports", f"{names} are free.")]
    if use.proxy is not None and use.answers:
        return [ok("Ports", f"{names}: this hub is running.")]
    if use.proxy:
        text = f"this hub's proxy runs (process {use.proxy}), but no hub answers behind it."
        return [fault("Ports", text, f"kill {use.proxy}")]
    return [_judge_one(port, why, use) for port, why in use.taken.items() if why]


def _judge_one(port: int, why: str, use: Use) -> Finding:
    public = next(iter(use.taken))
    also = "" if port == public else f"; a hub on port {public} needs it too"
    as_root, other = f"sudo {own_command.start()}", ports.another(public)
    fix = as_root if why == ports.ROOT_ONLY else own_command.another_port(other)
    return fault(f"Port {port}", f"{why.removeprefix('is ')}{also}.", fix)
