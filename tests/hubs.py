"""A real hub with its proxy, as a process of its own, for the tests that talk to one."""

import html
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import httpx

from opendata_hub.engine import ensure_network
from opendata_hub.machine import proxy
from tests.conftest import describe_containers, remove_traces
from tests.ports import free_ports

PATIENCE = 60.0  # seconds; what takes longer than this has gone wrong

ANY_HUB = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.cleanup_servers = False
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.services = [{{"name": "tester", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{
    "name": "tester",
    "services": ["tester"],
    "scopes": ["admin:users", "admin:servers", "access:servers", "admin:groups"],
}}]
"""

CONFIG = """
c.JupyterHub.spawner_class = "opendata"
c.JupyterHub.hub_ip = "{gateway}"
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.allow_named_servers = True
c.JupyterHub.admin_users = {{"boss"}}
c.Spawner.poll_interval = 1
c.DockerSpawner.network_name = "opendata-hub"
c.DockerSpawner.use_internal_ip = True
"""


def wait_for(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Ask until the answer is true, and return it; fail with ``what`` when patience ends."""
    end = time.monotonic() + patience
    while not (answer := true()):
        assert time.monotonic() < end, f"after {patience:.0f} s still not: {what}"
        time.sleep(0.05)
    return answer


@dataclass
class Start:
    """How one start went."""

    status: int
    """HTTP status of the request: 201 up at once, 202 under way, else refused."""
    message: str = ""
    """Of the refusal, or of the failure."""
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the server came up."""
        return self.status == 201 or any(event.get("ready") for event in self.events)


class RunningHub:
    """A hub on a free port, with an API token that may do everything."""

    within: Sequence[str] = ()
    """Command that the hub goes behind, to run somewhere else than the tests."""

    def __init__(
        self, folder: Path, client: docker.APIClient, extra: str, python: str = sys.executable
    ) -> None:
        self.folder, self.client, self.python = folder, client, python
        self.environment: dict[str, str] = {}
        self.token = secrets.token_hex(16)
        self.config = folder / "jupyterhub_config.py"
        self.config.write_text(self.configuration() + extra, "utf-8")
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = httpx.Client(
            base_url=f"{self.url}/hub/api",
            headers={"Authorization": f"token {self.token}"},
            timeout=PATIENCE,
        )
        self.users: set[str] = set()
        self.sessions: list[httpx.Client] = [self.api]

    def configuration(self) -> str:
        """Choose the ports, and write the configuration file up to what a test adds."""
        gateway = ensure_network("opendata-hub", {"org.opendata-hub.role": "network"})
        return self.any_hub() + CONFIG.format(gateway=gateway)

    def any_hub(self) -> str:
        """Choose the ports, and write the lines that a test needs whatever the spawner is."""
        self.port, hub_port, proxy_port = free_ports(3)
        return ANY_HUB.format(
            port=self.port,
            hub_port=hub_port,
            proxy_port=proxy_port,
            proxy=proxy.ensure(print),
            token=self.token,
        )

    # -- the process

    def run(self) -> None:
        """Start it and wait until it answers."""
        path = f"{Path(self.python).parent}:{os.environ['PATH']}"
        environment = {**os.environ, **self.environment, "PATH": path}
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, self.python, "-m", "jupyterhub", "-f", str(self.config)],
                cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for(self._answers, f"the hub answers; its log:\n{self.log}")

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the hub ended:\n{self.log}"
        try:
            return self.api.get(f"{self.url}/hub/health").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, sign: int = signal.SIGTERM) -> None:
        """End it as Ctrl-C or the system would; its servers stay."""
        self.process.send_signal(sign)
        self.process.wait(PATIENCE)

    @property
    def log(self) -> str:
        """All it has logged."""
        return (self.folder / "hub.log").read_text("utf-8", "replace")

    def clear(self) -> None:
        """Remove what it and its users have left on the engine."""
        for user in self.users:
            remove_traces(self.client, user)

    # -- people

    def add_user(self, name: str, *groups: str) -> str:
        """Make a user, in groups."""
        self.users.add(name)
        self.api.post(f"/users/{name}")
        for group in groups:
            self.api.post(f"/groups/{group}")
            self.api.post(f"/groups/{group}/users", json={"users": [name]}).raise_for_status()
        return name

    def session(self, user: str) -> httpx.Client:
        """A browser's session of a user who has logged in; closed with the hub."""
        session = httpx.Client(base_url=self.url, follow_redirects=True, timeout=PATIENCE)
        self.sessions.append(session)
        session.get("/hub/login")
        form = {"username": user, "password": "any", "_xsrf": session.cookies["_xsrf"]}
        session.post("/hub/login?next=/hub/home", data=form).raise_for_status()
        return session

    def page(self, user: str, path: str) -> str:
        """A page as this user sees it, its text unescaped."""
        return html.unescape(self.session(user).get(path).text)

    def servers(self, user: str) -> dict[str, Any]:
        """The user's servers that run or are on their way, as the API tells them."""
        answer: dict[str, Any] = self.api.get(f"/users/{user}").json()["servers"]
        return answer

    def ask(self, user: str, options: Any = None, server: str = "") -> httpx.Response:
        """Ask for a start by REST, and do not wait for its end."""
        path = f"/users/{user}/servers/{server}" if server else f"/users/{user}/server"
        body = None if options is None else json.dumps(options).encode()
        return self.api.post(path, content=body)

    def start(self, user: str, options: Any = None, server: str = "") -> Start:
        """Start a server by REST and follow the progress stream to its end, as a browser does."""
        answer = self.ask(user, options, server)
        start = Start(answer.status_code)
        if answer.status_code >= 400:
            start.message = answer.json()["message"]
        if answer.status_code == 202:
            start.events = self.follow(user, server)
            last = start.events[-1]
            start.message = last["message"].removeprefix("Spawn failed: ")
        return start

    def follow(self, user: str, server: str = "") -> list[dict[str, Any]]:
        """All events of the progress stream, until the hub ends it."""
        path = (
            f"/users/{user}/servers/{server}/progress"
            if server
            else f"/users/{user}/server/progress"
        )
        with self.api.stream("GET", path) as stream:
            lines = [line for line in stream.iter_lines() if line.startswith("data:")]
        return [json.loads(line.removeprefix("data:")) for line in lines]

    def stop(self, user: str, server: str = "") -> None:
        """Stop a server and wait until it is gone."""
        path = f"/users/{user}/servers/{server}" if server else f"/users/{user}/server"
        self.api.delete(path).raise_for_status()
        wait_for(lambda: server not in self.servers(user), f"{user}'s server is gone")

    def runs(self, user: str) -> bool:
        """Whether a container of this user's runs."""
        label = f"org.opendata-hub.user={user}"
        return bool(self.client.containers(filters={"label": label}))

    def open_gate(self, user: str) -> None:
        """Wait for a container with the stand-in's gate, and let its server come up."""
        wait_for(lambda: self.runs(user), f"{user}'s container runs")
        job = self.client.exec_create(self.container(user)["Id"], ["touch", "/tmp/go"])
        self.client.exec_start(job["Id"])

    def container(self, user: str, server: str = "") -> dict[str, Any]:
        """Inspect the container of a user's server."""
        labels = [f"org.opendata-hub.user={user}", f"org.opendata-hub.server={server}"]
        found = self.client.containers(all=True, filters={"label": labels})
        assert len(found) == 1, f"{user} has {len(found)} containers"
        container: dict[str, Any] = self.client.inspect_container(found[0]["Id"])
        return container


@contextmanager
def running_hub(
    folder: Path, client: docker.APIClient, extra: str, python: str = sys.executable
) -> Iterator[RunningHub]:
    """Run a hub; at the end nothing of it, its servers and its users' homes is left."""
    hub = RunningHub(folder, client, extra, python)
    with run(hub):
        yield hub


@contextmanager
def run(hub: RunningHub) -> Iterator[None]:
    """Run this hub; at the end nothing of it, its servers and its users' homes is left."""
    try:
        hub.run()
        yield
    except BaseException:
        print(describe_containers(hub.client), hub.log[-8000:], sep="\n")
        raise
    finally:
        if hub.process.poll() is None:
            hub.end()
        for session in hub.sessions:
            session.close()
        hub.clear()
