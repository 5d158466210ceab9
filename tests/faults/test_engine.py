"""A class saves while its engine ends, or the disk on which the engine keeps the homes is full."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from tests.engine.own_engines import HERE, OwnEngine, own_engine
from tests.faults.conftest import Tell
from tests.faults.trouble import Class
from tests.hubs import RunningHub, run, wait_for

STUDENTS = 5
IMAGE = "opendata-hub/base:1"
EXTRA = f"""
c.JupyterHub.hub_ip = "{HERE}"
c.DockerSpawner.network_name = "bridge"
c.OpenDataSpawner.catalogue = [dict(slug="base", display_name="Base", image="{IMAGE}")]
c.Spawner.mem_limit = "512M"
c.Spawner.mem_guarantee = "64M"
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
"""


@pytest.fixture(scope="module")
def engine(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnEngine]:
    """An engine on a disk of its own, with JupyterLab."""
    folder = tmp_path_factory.mktemp("engine")
    with (
        own_engine(folder, "3g", filesystem="ext4", wired=True) as own,
        closing(docker.APIClient(own.url, version="auto", timeout=300)) as there,
    ):
        there.load_image(client.get_image(IMAGE))
        yield own


@pytest.fixture(scope="module")
def hub(engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub on that engine, whose homes are its volumes."""
    with closing(docker.APIClient(engine.url, version="auto")) as there:
        hub = RunningHub(tmp_path_factory.mktemp("hub"), there, EXTRA)
        hub.environment["DOCKER_HOST"] = engine.url
        with run(hub):
            yield hub


@pytest.fixture(scope="module")
def room(hub: RunningHub) -> Class:
    """The class."""
    return Class(hub, [hub.add_user(f"student{number}") for number in range(STUDENTS)])


@pytest.mark.parametrize(
    ("sign", "fault"),
    [
        pytest.param(signal.SIGTERM, "the engine is restarted", id="restarted"),
        pytest.param(signal.SIGKILL, "the engine is killed", id="killed"),
    ],
)
def test_the_engine_ends(
    room: Class, engine: OwnEngine, tell: Tell, sign: signal.Signals, fault: str
) -> None:
    """All servers with it; everybody presses Start, and finds the files."""

    def strike() -> None:
        with engine.down(sign):
            pass

    tell(room.befall(fault, strike))


def test_the_data_disk_is_full(room: Class, engine: OwnEngine, tell: Tell) -> None:
    """Nothing can be saved until there is room again; what was saved before is there."""
    large = engine.disk / "large"

    def strike() -> None:
        _fill(large)
        refused = [student.refused for student in room.students]
        wait_for(
            lambda: all(s.refused > no for s, no in zip(room.students, refused, strict=True)),
            "all are told that nothing is saved",
        )
        large.unlink()

    outcome = room.befall("the data disk is full", strike)
    tell(outcome)
    assert outcome.ran_on == STUDENTS


def _fill(file: Path) -> None:
    """Take the whole disk."""
    with pytest.raises(OSError, match="No space left"), file.open("wb") as large:
        while True:
            large.write(bytes(2**22))
