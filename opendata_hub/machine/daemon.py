"""The container engine: is one there, does it let us in, and starting one where there is none."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import docker
from docker.errors import DockerException

from opendata_hub.errors import EngineUnreachable, MachineError
from opendata_hub.machine import Say, own_command, packages
from opendata_hub.machine.commands import run, tail

SOCKET = Path("/var/run/docker.sock")
ROOT = Path("/var/lib/docker")
"""Where an engine keeps its volumes and layers, unless its ``daemon.json`` says otherwise."""
SYSTEMD = Path("/run/systemd/system")
"""It is there where systemd runs the machine."""
COMMAND = "docker-cli"
"""The package of the command ``docker`` where the engine's own has it not, as on Debian 13."""
LOG = Path("/var/log/opendata-hub-dockerd.log")
DROP_IN = Path("/etc/systemd/system/docker.service.d/opendata-hub.conf")
"""What systemd starts the engine with, where the site has a proxy or an authority of its own."""

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


def is_local() -> bool:
    """Whether the engine runs on this machine, so that its folders can be looked at from here."""
    host = os.environ.get("DOCKER_HOST", "")
    return not host or host.startswith("unix://")


def is_within(folder: str | Path) -> bool:
    """Whether a container that mounts this folder, or file, sees the engine's socket."""
    return SOCKET.resolve().is_relative_to(Path(folder).resolve())


def ensure(say: Say, environment: Mapping[str, str] | None = None) -> docker.DockerClient:
    """
    Return a client, after installing and starting Docker Engine where no engine answers.

    An engine that answers is left as it is, and so is ``daemon.json``.

    Args:
        environment: variables for an engine that is started here, such as the site's proxy.

    Raises:
        EngineUnreachable: there is none and this process cannot start one, or is not let in.
        MachineError: the installation failed.
    """
    try:
        return connect()
    except EngineUnreachable:
        if os.environ.get("DOCKER_HOST") or os.geteuid() != 0:
            raise
    if SYSTEMD.is_dir():
        _tell_systemd(environment or {})  # before: Debian starts what it installs
        _install(say)
        say("Starting Docker Engine with systemd")
        run(["systemctl", "enable", "--now", "docker"], say)
        return _wait(None)
    _install(say)
    return _answering() or _wait(_start(say, environment or {}))


def _tell_systemd(environment: Mapping[str, str]) -> None:
    """Leave variables for the engine, unless somebody has told systemd how to start it already."""
    if not environment or any(DROP_IN.parent.glob("*.conf")):
        return
    lines = [f'Environment="{name}={value}"' for name, value in sorted(environment.items())]
    text = "\n".join(["# Made by opendata-hub from `site` in hub.yaml.", "[Service]", *lines, ""])
    try:
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        DROP_IN.write_text(text.replace("%", "%%"), "utf-8")
    except OSError as error:
        raise MachineError(f"{DROP_IN} cannot be written: {error.strerror}.") from None


def _install(say: Say) -> None:
    if packages.find("dockerd"):
        return
    if not packages.find("apt-get"):
        raise EngineUnreachable(
            "No container engine answers, and only Debian and Ubuntu are known here; install one: "
            "https://docs.docker.com/engine/install/"
        )
    # Where the kernel has AppArmor, the engine starts no container without apparmor_parser.
    packages.install(["docker.io", "iptables", "apparmor"], say, [COMMAND])


def _start(say: Say, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the daemon as a process of its own: it outlives this one and its terminal."""
    say(f"Starting Docker Engine; its log is {LOG}")
    program = packages.find("dockerd") or "dockerd"
    try:
        with LOG.open("ab") as log:
            return subprocess.Popen(
                [program],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment, "PATH": packages.path()},
                start_new_session=True,
            )
    except OSError as error:
        raise MachineError(f"{program} cannot be started: {error}.") from None


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
    mend = own_command.prepare_as_root().removesuffix(" --prepare")
    return f"No container engine answers, and only root can install or start one: {mend}"
