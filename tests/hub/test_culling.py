"""Servers that nobody uses are stopped, and work never is: real kernels, terminals and hangs."""

import asyncio
import json
import re
import secrets
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import docker
import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.conftest import STARTER
from tests.hubs import RunningHub, running_hub, wait_for
from tests.kernels import Kernel

IDLE, EVERY = 8, 2  # seconds
LONGER = IDLE // EVERY + 2  # looks

EXTRA = """
from datetime import datetime, timedelta, timezone
from opendata_hub.services import culling
c.OpenDataSpawner.catalogue = [
    dict(slug="starter", display_name="Starter", image="{image}", default=True),
]
now = datetime.now(timezone.utc)
culling.add(c, culling.Config(
    idle={idle}, check_every={every},
    groups={{"hasty": culling.Limits(busy=4)}},
    sessions=[culling.Session(
        name="Tuesday", users=["{student}"], start=now, end=now + timedelta(hours=1)
    )],
))
c.JupyterHub.services[-1]["environment"]["JUPYTERHUB_REQUEST_TIMEOUT"] = "5"
"""

WAITING = "import os, time\nwhile not os.path.exists('/tmp/go'): time.sleep(0.1)"
PRINTING = "import time\nwhile True: print('.'); time.sleep(0.2)"
# A tenth of a core or so, and not a word.
JOB = """python3 -c 'import os, time
while not os.path.exists("/tmp/go"): sum(range(300_000)); time.sleep(0.03)'
"""


@pytest.fixture(scope="module")
def student() -> str:
    """Whose class is in session."""
    return f"student-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, student: str
) -> Iterator[RunningHub]:
    """A hub that stops what has been idle for some seconds."""
    extra = EXTRA.format(image=STARTER, idle=IDLE, every=EVERY, student=student)
    with running_hub(tmp_path_factory.mktemp("hub"), client, extra) as hub:
        yield hub


def start(hub: RunningHub, user: str) -> str:
    """Start a user's server."""
    hub.add_user(user)
    assert hub.start(user).ok
    return user


@dataclass
class Cast:
    """Users whose servers run side by side, each named for what goes on there."""

    cell: str
    job: str
    endless: str
    program: str
    student: str


@pytest.fixture(scope="module")
def cast(hub: RunningHub, student: str) -> Cast:
    """All of them, with nobody there any more."""
    names = (field.name for field in fields(Cast))
    cast = Cast(*(f"{name}-{secrets.token_hex(4)}" for name in names))
    cast.student = student
    asyncio.run(Kernel(hub, start(hub, cast.cell)).begin(WAITING))
    asyncio.run(type_in(new_terminal(hub, start(hub, cast.job)), JOB))
    hub.add_user(cast.endless, "hasty")
    asyncio.run(Kernel(hub, start(hub, cast.endless)).begin(PRINTING))
    Kernel(hub, start(hub, cast.program))
    start(hub, cast.student)
    return cast


def decisions(hub: RunningHub, user: str) -> list[str]:
    """What has been decided on a user's server, look by look."""
    return re.findall(rf"^\[culling\] {user} (.*)$", hub.log, re.MULTILINE)


def wait_until_said(hub: RunningHub, user: str, words: str, times: int = 1) -> None:
    """Wait until so many decisions have had these words."""

    def said() -> bool:
        return sum(words in decision for decision in decisions(hub, user)) >= times

    wait_for(said, f"{times} times {words!r} of {user}")


def wait_until_stopped(hub: RunningHub, user: str) -> str:
    """Wait until the server is gone, and return why."""
    wait_for(lambda: not hub.servers(user), f"{user}'s server is gone")
    (reason,) = [one for one in decisions(hub, user) if one.startswith("stops: ")]
    return reason


def touch(hub: RunningHub, user: str, path: str) -> None:
    """Make an empty file in a user's container."""
    job = hub.client.exec_create(hub.container(user)["Id"], ["touch", path])
    hub.client.exec_start(job["Id"])


def new_terminal(hub: RunningHub, user: str) -> HTTPRequest:
    """Open a terminal, and return what leads to it."""
    base, headers = f"{hub.url}/user/{user}", {"Authorization": f"token {hub.token}"}
    name = httpx.post(f"{base}/api/terminals", headers=headers, timeout=60).json()["name"]
    url = f"{base}/terminals/websocket/{name}".replace("http://", "ws://")
    return HTTPRequest(url, headers=headers)


async def type_in(terminal: HTTPRequest, line: str) -> None:
    """Type into a terminal, and leave."""
    socket = await websocket_connect(terminal)
    await socket.write_message(json.dumps(["stdin", line]))
    echo = ""
    while "/tmp/go" not in echo:
        kind, *rest = json.loads(await socket.read_message())
        echo += rest[0] if kind == "stdout" else ""
    socket.close()
    while await socket.read_message() is not None:
        pass


def test_an_endless_cell_ends_where_busy_is_set(hub: RunningHub, cast: Cast) -> None:
    """A group's limit on work ends one that prints for ever, once nobody is there."""
    reason = wait_until_stopped(hub, cast.endless)
    assert "a kernel is busy" in reason and "more than `busy` lets it" in reason


def test_a_kernel_that_a_program_has_started_does_not_keep_a_server(
    hub: RunningHub, cast: Cast
) -> None:
    """To the server such a kernel is starting for ever; it does nothing, and the server goes."""
    assert "nobody has used it for" in wait_until_stopped(hub, cast.program)


def test_silent_work_is_not_stopped_before_its_end(hub: RunningHub, cast: Cast) -> None:
    """A cell and a terminal's job keep their servers for longer than idle; then these go."""
    wait_until_said(hub, cast.cell, "stays: a kernel is busy", LONGER)
    wait_until_said(hub, cast.job, "stays: its processes have used", LONGER)
    for user in (cast.cell, cast.job):
        touch(hub, user, "/tmp/go")
    for user in (cast.cell, cast.job):
        assert "nothing has run in it for" in wait_until_stopped(hub, user)


def test_a_class_in_session_keeps_its_servers(hub: RunningHub, cast: Cast) -> None:
    """Nobody uses it, and it stays for longer than idle."""
    wait_until_said(hub, cast.student, "stays: the class Tuesday is in session", LONGER)
    assert hub.servers(cast.student)[""]["ready"]
    hub.stop(cast.student)


def test_a_server_that_hangs_is_not_stopped(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Nobody knows what it does, be that for longer than idle."""
    user = start(hub, new_name("user"))
    wait_until_said(hub, user, "stays")
    container = hub.container(user)["Id"]
    hub.client.pause(container)
    wait_until_said(hub, user, "stays: its server does not answer")
    hub.client.unpause(container)
    assert hub.servers(user)[""]["ready"]
    hub.stop(user)


async def test_without_the_hub_nothing_is_stopped(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """A hub that hangs, one that is killed, and the next one: a silent cell survives them all."""
    user = start(hub, new_name("user"))
    await Kernel(hub, user).begin(WAITING)
    hub.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: "Nothing is stopped: the hub does not tell" in hub.log, "it says so")
    hub.end(signal.SIGKILL)
    wait_for(lambda: "The hub is gone" in hub.log, "the culler ends")
    hub.run()
    wait_until_said(hub, user, "stays: a kernel is busy")
    assert all("stays" in decision for decision in decisions(hub, user))
