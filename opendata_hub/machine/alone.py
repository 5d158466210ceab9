"""One image alone on this machine, without a hub, on a home that outlives it."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from opendata_hub.datasets import Share, mounts
from opendata_hub.engine import archive, translated
from opendata_hub.engine.servers import PORT
from opendata_hub.errors import MachineError
from opendata_hub.homes import GID, HOME, UID, safe_name
from opendata_hub.machine import Say, door, ports
from opendata_hub.machine.subject import Subject

ROLE = "try"
_GRACE = 10  # seconds that a server has to save and end
_LOOK_AGAIN = 0.2  # seconds
_PATIENCE = 60.0  # seconds that a server has to answer
_LINES = 15
_TOKEN = "JUPYTER_TOKEN"  # noqa: S105  # the variable that servers take it from
_JUPYTER = ["jupyter", "lab", "--ip=0.0.0.0", f"--port={PORT}", "--no-browser"]
_TAKEN = re.compile(r"port is already allocated|address already in use", re.IGNORECASE)
_PORTS_TRIED = 100


@dataclass(frozen=True)
class Running:
    """
    A notebook that runs.

    Attributes:
        name: of its container.
        url: what to open.
        remark: what to know about its login; mostly nothing.
    """

    name: str
    url: str
    remark: str = ""


class _NotUp(Exception):
    """Why a server did not come up, and what it printed last."""

    def __init__(self, reason: str, lines: str = "") -> None:
        super().__init__(f"{reason}. It printed last:\n{lines}" if lines else reason)
        self.reason = reason


def name_of(subject: Subject) -> str:
    """Name of its container, and of the volume with its home: a user's has no dot."""
    return f"opendata-try.{safe_name(subject.name)}"


def find(client: docker.DockerClient, subject: Subject) -> Running | None:
    """
    Return the notebook of this image that runs already, if one does.

    Raises:
        MachineError: one runs and does not answer.
    """
    container = _container(client, subject)
    if container is None or container.status != "running":
        return None
    try:
        return _opened(container, subject)
    except _NotUp as error:
        raise MachineError(
            f"{subject.name} runs already, and {error}; end it: docker rm -f {name_of(subject)}"
        ) from None


@translated()
def start(
    client: docker.DockerClient,
    subject: Subject,
    reference: str,
    network: str,
    data: Mapping[str, Path],
    port: int,
    say: Say,
) -> Running:
    """
    Start an image's own notebook server on this machine's loopback, and wait until it answers.

    Where its own command starts none, JupyterLab is started in it.

    Args:
        reference: a name or id of the image that the engine knows.
        data: folders of this machine, by their names under ``/data``.
        port: where it shall answer; else on the next one that is free.

    Raises:
        MachineError: it has no server that comes up, or no port is free.
    """
    made = _Made(client, subject, reference, network, data)
    is_new = not _has_home(client, subject)
    say(f"Starting {subject.name}")
    try:
        return made.up(None, port)
    except _NotUp as error:
        own = error
    stop(client, subject)
    say(f"Its own command starts no notebook ({own.reason}): starting JupyterLab in it")
    try:
        return made.up(_JUPYTER, port)
    except _NotUp:
        stop(client, subject)
        if is_new:
            client.volumes.get(name_of(subject)).remove()
        raise MachineError(
            f"{subject.name} starts no notebook: {own}\n"
            f"To see what it lacks: opendata-hub images check {subject.name}"
        ) from None


def _has_home(client: docker.DockerClient, subject: Subject) -> bool:
    try:
        client.volumes.get(name_of(subject))
    except NotFound:
        return False
    return True


@translated()
def stop(client: docker.DockerClient, subject: Subject) -> None:
    """Stop and remove the container, if there is one. The home stays."""
    container = _container(client, subject)
    if container:
        with suppress(NotFound):
            container.stop(timeout=_GRACE)
            container.remove(force=True, v=True)


def wait(client: docker.DockerClient, subject: Subject) -> None:
    """Wait until it ends."""
    while (container := _container(client, subject)) and container.status == "running":
        time.sleep(_LOOK_AGAIN)


def _container(client: docker.DockerClient, subject: Subject) -> Container | None:
    with translated():
        try:
            return client.containers.get(name_of(subject))
        except NotFound:
            return None


@dataclass(frozen=True)
class _Made:
    client: docker.DockerClient
    subject: Subject
    reference: str
    network: str
    data: Mapping[str, Path]

    def up(self, command: list[str] | None, port: int) -> Running:
        return _opened(self._started(command, port), self.subject)

    def _started(self, command: list[str] | None, port: int) -> Container:
        for candidate in _free(port):
            stop(self.client, self.subject)  # what an earlier try has left
            try:
                container = self._created(command, candidate)
                container.start()
                container.reload()
                return container
            except APIError as error:
                words = str(error.explanation or error)
                if not _TAKEN.search(words):
                    raise _NotUp(words) from None
        raise MachineError(f"No port from {port} to {port + _PORTS_TRIED - 1} is free.")

    def _created(self, command: list[str] | None, port: int) -> Container:
        name, inside = name_of(self.subject), self._inside()
        folders = {name: Share(path=path) for name, path in self.data.items()}
        common = self.subject.container(
            ROLE,
            self.client.api,
            home=name,
            mounts=mounts(folders, ()),
            network_mode=self.network,
            port_bindings={inside: ("127.0.0.1", port)},
        )
        self.client.volumes.create(name, labels=common["labels"])
        made = self.client.api.create_container(
            self.reference,
            command,
            name=name,
            environment={_TOKEN: secrets.token_hex(24), **self.subject.variables()},
            ports=[inside],
            **common,
        )
        top, folder = HOME.rsplit("/", 1)
        self.client.api.put_archive(made["Id"], top, archive({}, UID, GID, folder=folder))
        return self.client.containers.get(made["Id"])

    def _inside(self) -> int:
        """Port that the image says it listens on, where it says one; else Jupyter's."""
        exposed = self.client.images.get(self.reference).attrs["Config"].get("ExposedPorts") or {}
        named = [int(port.partition("/")[0]) for port in exposed if port.endswith("/tcp")]
        return named[0] if len(named) == 1 else PORT


def _free(port: int) -> Iterator[int]:
    """Yield ports that the engine, which is root, can have: this one or those that follow."""
    for candidate in range(port, min(port + _PORTS_TRIED, 65536)):
        if ports.fault(candidate) in (None, ports.ROOT_ONLY):
            yield candidate


def _opened(container: Container, subject: Subject) -> Running:
    """Wait until its server answers, and find out how one gets in."""
    words = container.attrs["Config"]["Env"] or ()
    token = next((word.partition("=")[2] for word in words if word.startswith(f"{_TOKEN}=")), "")
    base = f"http://127.0.0.1:{_port(container)}"
    end = time.monotonic() + _PATIENCE
    while not door.answers(base):
        container.reload()
        if container.status != "running":
            code = container.attrs["State"]["ExitCode"]
            raise _NotUp(f"it ended with exit code {code}", _last_lines(container))
        if time.monotonic() > end:
            silence = f"nothing answers on its port after {_PATIENCE:.0f} seconds"
            raise _NotUp(silence, _last_lines(container))
        time.sleep(_LOOK_AGAIN)
    url, remark = door.opened(base, subject.image.default_url, token, _log(container))
    return Running(name_of(subject), url, remark)


def _port(container: Container) -> int:
    bindings = container.attrs["HostConfig"]["PortBindings"]
    return int(next(iter(bindings.values()))[0]["HostPort"])


def _log(container: Container) -> str:
    printed: bytes = container.logs()
    return printed.decode("utf-8", "replace")


def _last_lines(container: Container) -> str:
    return "\n".join(_log(container).rstrip().splitlines()[-_LINES:])
