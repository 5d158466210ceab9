"""The container engine: does it answer, is it new enough, can it hold servers to their limits."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opendata_hub.engine import seccomp
from opendata_hub.machine import daemon, own_command, packages
from opendata_hub.machine.commands import output
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

OLDEST = "20.10"
OLDEST_API = (1, 41)
"""That of Docker Engine 20.10: the oldest that we test with, the one of Debian 11 and 12, and the
first that can limit memory on a machine with cgroup v2, which is every new one."""

PATIENCE = 15
"""Seconds after which an engine counts as silent."""

_GRUB = (
    "add {} to GRUB_CMDLINE_LINUX in /etc/default/grub, then: sudo update-grub && sudo reboot"
).format
_UNENCRYPTED = "API is accessible on "


@dataclass(frozen=True)
class Silence:
    """
    What is known of an engine that does not answer.

    Attributes:
        host: what ``DOCKER_HOST`` holds; empty where it is not set.
        closed: whether there is a socket, but not for this user.
        installed: whether this machine has Docker Engine.
        systemd: whether systemd starts services here.
    """

    host: str = ""
    closed: bool = False
    installed: bool = False
    systemd: bool = False


def look_into_silence() -> Silence:
    """Find out what can be known without the engine."""
    return Silence(
        os.environ.get("DOCKER_HOST", ""),
        daemon.SOCKET.exists() and not os.access(daemon.SOCKET, os.R_OK | os.W_OK),
        packages.find("dockerd") is not None,
        daemon.SYSTEMD.is_dir(),
    )


def judge_silence(facts: Silence) -> Finding:
    """Say which engine does not answer, and what would make it."""
    prepare = own_command.prepare_as_root()
    if facts.host:
        text = f"none answers at DOCKER_HOST={facts.host}."
        return fault("Engine", text, "start that one, or take this machine's: unset DOCKER_HOST")
    if facts.closed:
        text = f"it does not let you in: {daemon.SOCKET} is for root and the group docker."
        return fault("Engine", text, "sudo usermod -aG docker $USER, then log in again")
    if not facts.installed:
        return fault("Engine", "Docker Engine is not installed.", prepare)
    fix = "sudo systemctl enable --now docker" if facts.systemd else prepare
    return fault("Engine", "Docker Engine is installed, but does not answer.", fix)


def judge_version(version: Mapping[str, Any]) -> Finding:
    """
    Say whether the engine is new enough.

    Args:
        version: the engine's answer to ``/version``.
    """
    number, api = version["Version"].partition("+")[0], version["ApiVersion"]
    if tuple(int(part) for part in api.split(".")) >= OLDEST_API:
        return ok("Engine", f"version {number} answers.")
    return fault(
        "Engine",
        f"version {number} is too old; {OLDEST} or newer is needed.",
        "install a newer one: https://docs.docker.com/engine/install/",
    )


_SLOW = ("devicemapper", "vfs")  # storage drivers


def judge_way(info: Mapping[str, Any], boots: bool | None) -> Iterator[Finding]:
    """
    Say what of the engine's way to work is bad for a hub, and what its restart means.

    Args:
        info: the engine's answer to ``/info``.
        boots: whether systemd starts it when the machine does; None where systemd does not.
    """
    driver = info.get("Driver")
    if driver in _SLOW:
        text = f"the engine's is {driver}: each server copies its image, or starts slowly."
        yield warning(
            "Storage driver", text, "keep /var/lib/docker on ext4, xfs or btrfs: docker info"
        )
    if boots is False:
        text = "the engine does not start when this machine does, and so no server can."
        yield warning("Boot", text, "sudo systemctl enable docker")
    if boots is not None and not info.get("LiveRestoreEnabled"):
        text = "when the engine is restarted, as by an upgrade of it, everybody's server ends."
        yield ok("Restart", text, 'to keep them: write "live-restore": true in ' + _DAEMON)


def boots() -> bool | None:
    """Whether this machine starts the engine when it starts itself; None where it is not known."""
    if not daemon.is_local() or not daemon.SYSTEMD.is_dir():
        return None
    units = output(["systemctl", "list-unit-files", "docker.service", "docker.socket"])
    states = [line.split()[1] for line in units.splitlines() if line.startswith("docker.")]
    return "enabled" in states if states else None


_DAEMON = "/etc/docker/daemon.json, then: sudo systemctl reload docker"
_LIMITS = {
    "MemoryLimit": fault(
        "Limits",
        "the engine cannot limit memory: one student could take all of it.",
        _GRUB("cgroup_enable=memory swapaccount=1"),
    ),
    "SwapLimit": warning(
        "Limits",
        "the engine cannot keep servers from swapping: a full one would slow down all others.",
        _GRUB("swapaccount=1"),
    ),
    "PidsLimit": fault(
        "Limits",
        "the engine cannot limit processes: one student could use up all that there are.",
        "take a kernel with CONFIG_CGROUP_PIDS, such as the distribution's: uname -r",
    ),
    "CpuCfsQuota": warning(
        "Limits",
        "the engine cannot limit processors: limits.cpu has no effect.",
        "take a kernel with CONFIG_CFS_BANDWIDTH, such as the distribution's: uname -r",
    ),
}
"""By the key of ``/info`` that is false where the engine cannot."""


def judge_limits(info: Mapping[str, Any]) -> list[Finding]:
    """
    Say which limits the engine cannot hold servers to.

    Args:
        info: the engine's answer to ``/info``; what it does not speak of counts as fine.
    """
    missing = [finding for key, finding in _LIMITS.items() if not info.get(key, True)]
    fine = ok("Limits", "the engine can limit memory, processors and processes.")
    return missing or [fine]


def judge_walls(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Say what the engine itself warns of, as far as it lets students or strangers in."""
    for line in info.get("Warnings") or ():
        if "bridge-nf-call-iptables" in line:
            yield fault(
                "Isolation",
                "the kernel does not filter between containers: students' servers can reach each "
                "other.",
                "sudo modprobe br_netfilter && sudo sysctl -w net.bridge.bridge-nf-call-iptables=1",
            )
        if _UNENCRYPTED in line:
            address = line.partition(_UNENCRYPTED)[2].split()[0]
            yield fault(
                "Isolation",
                f"the engine answers at {address} without encryption: who reaches that is root.",
                "take that address out of /etc/docker/daemon.json and the service's -H options, "
                "then: sudo systemctl restart docker",
            )


def judge_calls(info: Mapping[str, Any]) -> Finding:
    """Say whether the engine holds servers to the system calls that we allow them."""
    if seccomp.is_on(info):
        return ok("Isolation", "servers can ask little of the kernel (seccomp).")
    return fault(
        "Isolation",
        "the engine does not hold containers to a list of system calls (seccomp): students can ask "
        "anything of this machine's kernel.",
        "take the engine and the kernel of the distribution, on x86_64 or aarch64: docker info",
    )
