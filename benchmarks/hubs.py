"""The hubs that are measured side by side, on one image, and the students who come and go."""

import secrets
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx
from docker.errors import APIError

from benchmarks import measure
from opendata_hub import homes
from opendata_hub.engine import ensure_network
from tests.hubs import RunningHub, run, wait_for

NETWORK = "opendata-hub"

_ANY = """
c.JupyterHub.hub_ip = "{gateway}"
c.DockerSpawner.network_name = "{network}"
c.DockerSpawner.use_internal_ip = True
"""
_PLAIN = """
c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = "{image}"
"""
KINDS = {
    "plain": _PLAIN,
    "plain-300": _PLAIN + "c.Spawner.http_timeout = 300\n",
    "ours": """
from opendata_hub.settings import database
c.JupyterHub.db_kwargs = database.OPTIONS
database.quicken()
c.JupyterHub.spawner_class = "opendata"
c.JupyterHub.concurrent_spawn_limit = 0
c.OpenDataSpawner.catalogue = [dict(slug="one", display_name="One", image="{image}")]
""",
}
"""DockerSpawner as its own documentation has it, the same with a long ``http_timeout``, ours."""


class BenchHub(RunningHub):
    """A hub of one kind."""

    def __init__(self, kind: str, image: str, folder: Path, client: docker.APIClient) -> None:
        self.kind = kind
        gateway = ensure_network(NETWORK, {f"{homes.LABEL}.role": "network"})
        lines = (_ANY + KINDS[kind]).format(gateway=gateway, network=NETWORK, image=image)
        super().__init__(folder, client, lines)

    def configuration(self) -> str:
        """Choose the ports; nothing of the tests' own hub."""
        return self.any_hub()

    @property
    def pid(self) -> int:
        """The hub's process; the proxy is another."""
        return self.process.pid

    def forget(self, user: str) -> None:
        """Have the hub see that the server is gone, and delete its user."""
        self.api.delete(f"/users/{user}/server")
        gone = (httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND)
        wait_for(lambda: self.api.delete(f"/users/{user}").status_code in gone, f"{user} is gone")
        self.users.discard(user)


class Bench:
    """
    One hub of each kind, started when it is needed first, then kept running.

    Attributes:
        mark: what all containers and volumes of its students have in their names.

    Args:
        careful: have each hub start a server before it is measured, so that disk and caches are
            warm, and let the machine rest before each measurement. A smoke needs neither.
    """

    def __init__(self, client: docker.APIClient, image: str, careful: bool = True) -> None:
        self.client, self.image, self.careful = client, image, careful
        self.mark, self._classes = f"bench{secrets.token_hex(4)}", 0
        self._hubs: dict[str, BenchHub] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        _sweep(self.client, self.mark)  # what an interrupted hub has made meanwhile

    def hub(self, kind: str) -> BenchHub:
        """Return the running hub of this kind."""
        if kind not in self._hubs:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
            hub = BenchHub(kind, self.image, folder, self.client)
            self._stack.enter_context(run(hub))
            self._hubs[kind] = hub
            if self.careful:
                self._warm(hub)
        return self._hubs[kind]

    def _warm(self, hub: BenchHub) -> None:
        with self.students(hub, 1) as students:
            start = hub.start(students.names[0])
            assert start.ok, start

    @contextmanager
    def students(self, hub: BenchHub, count: int) -> Iterator["Students"]:
        """Yield users who are new to the hub; at the end nothing of them is left."""
        self._classes += 1
        mark = f"{self.mark}c{self._classes}s"  # no dash: DockerSpawner writes it another way
        try:
            yield Students([hub.add_user(f"{mark}{number}") for number in range(count)], mark)
        finally:
            _sweep(self.client, mark)
            for user in [user for user in hub.users if user.startswith(mark)]:
                hub.forget(user)

    def settle(self) -> None:
        """Let the machine rest from what was before."""
        if self.careful:
            measure.settle()


@dataclass(frozen=True)
class Students:
    """
    Users of a hub.

    Attributes:
        names: of the users.
        mark: what all their containers and volumes have in their names, and no others.
    """

    names: list[str]
    mark: str


def _sweep(client: docker.APIClient, mark: str) -> None:
    """Remove containers and volumes by what is in their names, several at a time."""

    def remove(container: str) -> None:
        with suppress(APIError):  # the hub, which sees it end, may be removing it
            client.remove_container(container, force=True, v=True)

    def found() -> list[str]:
        return [one["Id"] for one in client.containers(all=True, filters={"name": mark})]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(remove, found()))
    wait_for(lambda: not found(), "the containers are gone")
    for volume in client.volumes(filters={"name": mark})["Volumes"] or ():
        client.remove_volume(volume["Name"])
