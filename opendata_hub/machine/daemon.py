"""The container engine: is one there, does it let us in, and starting one where there is none."""

import os
import subprocess
import time
from pathlib import Path

import docker
from docker.errors import DockerException

from opendata_hub.errors import EngineUnreachable
from opendata_hub.machine import Say, packages
from opendata_hub.machine.commands import run, tail

SOCKET = Path("/var/run/docker.sock")
SYSTEMD = Path("/run/systemd/system")
LOG = Path("/var/log/opendata-hub-dockerd.log")

_PATIENCE = 60  # seconds; a daemon with many containers to restore takes half of it
_REQUEST_TIMEOUT = 600  # seconds; a step of a build may print nothing for minutes


def connect(timeout: int = _REQUEST_TIMEOUT) -> docker.DockerClient:
    """
    Return a client of the engine that ``DOCKER_HOST`` names, else of this machine's.

    Args:
        timeout: seconds until a request counts as unanswered.

    Raises:
        EngineUnreachable: none answers, or it does not let this user in; the text tells which.
    """
    try:
        return docker.from_env(timeout=timeout)
    except DockerException as error:
        raise EngineUnreachable(_why(str(error))) from None


def ensure(say: Say) -> docker.DockerClient:
    """
    Return a client, after installing and starting Docker Engine where no engine answers.

    An engine that answers is left as it is, and so is ``daemon.json``.

    Raises:
        EngineUnreachable: there is none and this process cannot start one, or is not let in.
        MachineError: the installation failed.
    """
    try:
        return connect()
    except EngineUnreachable:
        if os.environ.get("DOCKER_HOST") or os.geteuid() != 0:
            raise
    _install(say)
    if SYSTEMD.is_dir():
        say("Starting Docker Engine with systemd")
        run(["systemctl", "enable", "--now", "docker"], say)
        return _wait(None)
    return _answering() or _wait(_start(say))


def _install(say: Say) -> None:
    if packages.find("dockerd"):
        return
    if not packages.find("apt-get"):
        raise EngineUnreachable(
            "No container engine answers, and only Debian and Ubuntu are known here; install one: "
            "https://docs.docker.com/engine/install/"
        )
    # Where the kernel has AppArmor, the engine starts no container without apparmor_parser.
    packages.install(["docker.io", "iptables", "apparmor"], say)


def _start(say: Say) -> "subprocess.Popen[bytes]":
    """Start the daemon as a process of its own: it outlives this one and its terminal."""
    say(f"Starting Docker Engine; its log is {LOG}")
    with LOG.open("ab") as log:
        return subprocess.Popen(
            [packages.find("dockerd") or "dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": packages.path()},
            start_new_session=True,
        )


def _wait(process: "subprocess.Popen[bytes] | None") -> docker.DockerClient:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if client := _answering():
            return client
        if process and process.poll() is not None:
            raise EngineUnreachable(f"Docker Engine ended at once. {LOG} ends with:\n{tail(LOG)}")
        time.sleep(0.2)
    look = f"{LOG} ends with:\n{tail(LOG)}" if process else "Look: journalctl -u docker"
    raise EngineUnreachable(f"Docker Engine does not answer after {_PATIENCE} seconds. {look}")


def _answering() -> docker.DockerClient | None:
    try:
        return connect()
    except EngineUnreachable:
        return None


def _why(error: str) -> str:
    if host := os.environ.get("DOCKER_HOST"):
        return f"The engine at DOCKER_HOST={host} does not answer ({error})."
    if SOCKET.exists() and not os.access(SOCKET, os.R_OK | os.W_OK):
        return (
            f"Docker Engine does not let you in: {SOCKET} is for root and the group docker. "
            "Join it and log in again: sudo usermod -aG docker $USER"
        )
    return "No container engine answers, and only root can install or start one: sudo ./start"
