"""The backup of the hub: is there one, how old is it, and did the last one go well."""

import shlex
from dataclasses import dataclass

from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_OLD = 2 * 86400  # seconds; one is made each night


@dataclass(frozen=True)
class Last:
    """
    How it went.

    Attributes:
        place: where backups are.
        unit: of systemd, which makes them.
        good: when the last whole one was made, seconds since 1970; None where there is none yet.
        problem: why the last try failed; empty where it did not.
    """

    place: str
    unit: str
    good: float | None = None
    problem: str = ""


def judge_none() -> Finding:
    """Say that nobody has asked for one."""
    text = "none is made by itself: what happens to this machine's disks happens to all homes."
    return ok("Backup", text, "write backup into hub.yaml, or: opendata-hub backup --help")


def judge_untimed(place: str) -> Finding:
    """Say that hub.yaml names a place, and nothing makes backups there."""
    text = f"hub.yaml says to make one in {place} each night, and nothing on this machine does."
    return warning("Backup", text, "sudo opendata-hub install")


def judge_by_hand(last: Last, now: float) -> Finding:
    """Say how the last one went that somebody made; how often they do is their own business."""
    if last.problem:
        text = f"the last one, into {last.place}, failed: {last.problem.rstrip('.')}."
        fix = f"once that is mended: sudo opendata-hub backup {shlex.quote(last.place)}"
        return warning("Backup", f"{text}{_age(last, now)}", fix)
    text = f"the last one was made by hand {_since(last, now)} ago, in {last.place}."
    return ok("Backup", text, "to have one made each night: write backup into hub.yaml")


def judge(last: Last, now: float) -> Finding:
    """Say whether what people made is in another place, too."""
    log = f"journalctl -u {last.unit}"
    if last.problem:
        text = f"the last one, into {last.place}, failed: {last.problem.rstrip('.')}."
        fix = f"{log}; once it is mended: {_make(last)}"
        return fault("Backup", f"{text}{_age(last, now)}", fix)
    if last.good is None:
        text = f"there is none in {last.place} yet; the first is made tonight."
        return warning("Backup", text, f"make one now: {_make(last)}")
    if now - last.good > _OLD:
        text = f"the last one, in {last.place}, is {_since(last, now)} old."
        return warning("Backup", text, f"see why: systemctl list-timers '{last.unit}*'; {log}")
    return ok("Backup", f"the last one was made {_since(last, now)} ago, in {last.place}.")


def _make(last: Last) -> str:
    return f"sudo systemctl start {last.unit}"


def _age(last: Last, now: float) -> str:
    if last.good is None:
        return " There is none yet."
    return f" The last whole one is {_since(last, now)} old."


def _since(last: Last, now: float) -> str:
    hours = max(0, round((now - (last.good or now)) / 3600))
    if hours > _OLD // 3600:
        return f"{hours // 24} days"
    return "1 hour" if hours == 1 else f"{hours} hours"
