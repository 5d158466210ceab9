"""What befalls a machine with a whole class on it: its engine is restarted, its memory ends."""

import io
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from opendata_hub.homes import HOME
from opendata_hub.spawner.capacity import SILENT
from tests import stand_in
from tests.engine.cgroups import small_machine
from tests.engine.own_engines import HERE, OwnEngine, own_engine
from tests.hub.lines import ask, follow, see
from tests.hubs import RunningHub, Start, run, wait_for

EXTRA = f"""
c.JupyterHub.hub_ip = "{HERE}"
c.DockerSpawner.network_name = "bridge"
c.DockerSpawner.extra_create_kwargs = {{"stop_timeout": 1}}  # for the gate, which never listens
c.OpenDataSpawner.catalogue = [
    dict(slug="quick", display_name="Quick", image="quick:1", default=True),
    dict(slug="gated", display_name="Gated", image="gated:1"),
]
c.OpenDataSpawner.start_slots = 3
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # a request is answered at once
"""
IMAGES = {"quick": stand_in.LINES, "gated": f"{stand_in.GATE}{stand_in.LINES}"}


@pytest.fixture(scope="module")
def engine(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnEngine]:
    """An engine with an image whose server is up at once, and one whose server has a gate."""
    with (
        own_engine(tmp_path_factory.mktemp("engine"), "512m", wired=True) as own,
        closing(docker.APIClient(own.url, version="auto")) as there,
    ):
        there.load_image(b"".join(client.get_image(stand_in.BASE)))
        for name, lines in IMAGES.items():
            dockerfile = io.BytesIO(f"FROM {stand_in.BASE}\n{lines}".encode())
            assert list(there.build(fileobj=dockerfile, tag=f"{name}:1", rm=True))
        yield own


@pytest.fixture
def hub(engine: OwnEngine, tmp_path: Path) -> Iterator[RunningHub]:
    """A hub on that engine."""
    with closing(docker.APIClient(engine.url, version="auto")) as there:
        hub = RunningHub(tmp_path, there, EXTRA)
        hub.environment["DOCKER_HOST"] = engine.url
        with run(hub):
            yield hub


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_an_engine_that_goes_and_comes_back(
    hub: RunningHub, engine: OwnEngine, new_name: Callable[[str], str], sign: int
) -> None:
    """Who is in line gets in; whoever is not reads why, and gets in by one click."""
    working, starting, waiting = ([hub.add_user(new_name("user")) for _ in range(3)] for _ in "123")
    for user in working:
        assert hub.start(user).ok
    for user in starting:
        ask(hub, user, "gated")
    wait_for(lambda: all(map(hub.runs, starting)), "three containers are starting")
    for user in waiting:
        ask(hub, user, "quick")
    starts: dict[str, Start] = {}
    threads = [follow(hub, user, starts) for user in (*starting, *waiting)]
    see(hub, waiting[-1], "You are number 3 in line")

    with engine.down(sign):
        wait_for(lambda: "The container engine does not answer" in hub.log, "the hub has noticed")
        if sign == signal.SIGKILL:  # one that ends in order answers for a moment more
            see(hub, waiting[-1], SILENT)
            assert all(map(hub.servers, working)), "nobody knows what has become of them"

    for thread in threads:
        thread.join()
    out = [user for user in starts if not starts[user].ok]
    for user in out:
        assert re.search("does not answer|killed from outside", starts[user].message), starts
    assert sign != signal.SIGKILL or sorted(out) == sorted(starting)
    wait_for(lambda: not any(map(hub.servers, working)), "the hub has seen that they have ended")
    for user in working:
        page = hub.page(user, f"/hub/spawn/{user}")
        assert re.search("was stopped from outside|was killed from outside", page)
    for user in (*out, *working):
        ask(hub, user, "quick")
        assert hub.follow(user)[-1].get("ready")
    known = sorted(f"/opendata-{user}" for user in (*working, *starting, *waiting))
    assert sorted(one["Names"][0] for one in hub.client.containers(all=True)) == known
    assert "Traceback" not in hub.log


def test_an_engine_that_comes_later_than_its_hub(
    hub: RunningHub, engine: OwnEngine, new_name: Callable[[str], str]
) -> None:
    """Whoever clicks before reads that it does not answer, and gets in by a click after."""
    user = hub.add_user(new_name("user"))
    for page in ("/hub/home", f"/hub/spawn/{user}"):  # the second is the first to ask the engine
        with engine.down():
            hub.ask(user)
            told = hub.follow(user)[-1]["message"]
        assert "The container engine of this machine does not answer" in told
        hub.page(user, page)
    assert hub.start(user).ok
    assert "Traceback" not in hub.log


MEAL = 90 * 2**20  # less than the hub has, which by size alone would go first
EAT = f"x = bytearray({MEAL}); import signal; signal.pause()"


def test_where_the_memory_of_all_ends_a_students_process_goes(
    engine: OwnEngine, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """The kernel ends what eats in a container; hub, proxy, engine and other students go on."""
    with small_machine() as machine, closing(docker.APIClient(engine.url, version="auto")) as there:
        place = f"c.DockerSpawner.extra_host_config = {{'cgroup_parent': '{machine.servers}'}}"
        hub = RunningHub(tmp_path, there, EXTRA + place)
        hub.environment["DOCKER_HOST"] = engine.url
        with run(hub):
            machine.take(engine.process.pid)
            machine.take(hub.process.pid)
            users = [hub.add_user(new_name("user")) for _ in range(4)]
            for user in users:
                assert hub.start(user).ok
            machine.leave(MEAL * 5 // 2)
            meals = {user: _run(hub, user, EAT) for user in users}
            hungry = wait_for(lambda: _ended(hub, meals), "somebody's process has ended")

            for user in hungry:
                wait_for(lambda who=user: _has_note(hub, who), "the student is told")
            assert _ended(hub, meals) != users
            assert all(hub.api.get(f"{hub.url}/user/{user}/").is_success for user in users)
            assert hub.start(hub.add_user(new_name("user"))).ok
            assert hub.process.poll() is None
            assert engine.process.poll() is None


def _run(hub: RunningHub, user: str, code: str) -> str:
    """Have a process in the user's container, as a kernel is one."""
    job = str(hub.client.exec_create(hub.container(user)["Id"], ["python3", "-c", code])["Id"])
    hub.client.exec_start(job, detach=True)
    return job


def _ended(hub: RunningHub, jobs: dict[str, str]) -> list[str]:
    """Those whose process was ended by the kernel."""
    codes = {user: hub.client.exec_inspect(job)["ExitCode"] for user, job in jobs.items()}
    assert set(codes.values()) <= {None, 137}, codes
    return [user for user, code in codes.items() if code is not None]


def _has_note(hub: RunningHub, user: str) -> bool:
    try:
        hub.client.get_archive(hub.container(user)["Id"], f"{HOME}/Why my kernel stopped.txt")
    except NotFound:
        return False
    return True
