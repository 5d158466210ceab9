"""A class saves while things break: the hub, its proxy, its clock, memory, homes, servers."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.conftest import STARTER
from tests.disks import btrfs_disk
from tests.engine.test_snapshots_faults import at_work
from tests.faults.conftest import Tell
from tests.faults.hubs import COMMAND, StartedHub
from tests.faults.students import Student
from tests.faults.trouble import Class
from tests.hubs import run, wait_for

STUDENTS = 5


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedHub]:
    """A hub with homes of 64 MB on a disk of btrfs, which stops what nobody uses."""
    with (
        btrfs_disk(tmp_path_factory.mktemp("disks"), "4G") as around,
        btrfs_disk(around, "2G") as disk,
    ):
        settings = {
            "images": [{"slug": "starter", "display_name": "Starter", "image": STARTER}],
            "limits": {"memory": "512M", "guarantee": "64M"},
            "homes": {"storage": "btrfs", "path": str(disk), "quota": "64M"},
            "culling": {"idle": "10m", "check_every": "1s"},
        }
        hub = StartedHub(tmp_path_factory.mktemp("hub"), client, settings, STUDENTS)
        hub.disk = disk
        with run(hub):
            yield hub


@pytest.fixture(scope="module")
def room(hub: StartedHub) -> Class:
    """The class."""
    return Class(hub, [hub.newcomer() for _ in range(STUDENTS)])


def test_the_hub_is_killed(room: Class, hub: StartedHub, tell: Tell) -> None:
    """It is run again, and finds all; nobody's work has noticed."""
    outcome = room.befall("the hub is killed", lambda: os.kill(hub.pid, signal.SIGKILL))
    tell(outcome)
    assert outcome.ran_on == STUDENTS


def test_the_proxy_is_killed(room: Class, hub: StartedHub, tell: Tell) -> None:
    """The hub runs another one."""
    outcome = room.befall("the proxy is killed", lambda: os.kill(hub.proxy, signal.SIGKILL))
    tell(outcome)
    assert outcome.ran_on == STUDENTS


def test_servers_are_stopped(room: Class, hub: StartedHub, tell: Tell) -> None:
    """In the middle of a save; what was answered is there."""

    def strike() -> None:
        for student in room.students:
            hub.api.delete(f"/users/{student.name}/server").raise_for_status()

    tell(room.befall("all servers are stopped", strike))


# Takes the memory of its container, bit by bit, for the server is to be the largest process in it:
# the kernel ends that one.
EAT = """
import os, signal, time
while os.fork():
    time.sleep(0.02)
meal = bytearray(8 * 2**20)
signal.pause()
"""


def test_memory_ends(room: Class, hub: StartedHub, tell: Tell) -> None:
    """Of each server; the kernel ends the server itself, and leaves what eats."""

    def strike() -> None:
        containers = [hub.container(student.name)["Id"] for student in room.students]
        for container in containers:
            job = hub.client.exec_create(container, ["python3", "-c", EAT])["Id"]
            hub.client.exec_start(job, detach=True)
        wait_for(lambda: not _running(hub, containers), "all have ended")

    tell(room.befall("containers are out of memory", strike))


def _running(hub: StartedHub, containers: list[str]) -> set[str]:
    return {one["Id"] for one in hub.client.containers()} & set(containers)


FILL = """
with open("work/big", "wb", buffering=0) as file:
    try:
        while True: file.write(bytes(2**16))
    except OSError: pass
"""


def test_homes_are_full(room: Class, hub: StartedHub, tell: Tell) -> None:
    """Nothing can be saved; the server starts all the same, and its user deletes what is large."""

    def strike() -> None:
        for student in room.students:
            student.call(FILL)
        refused = [student.refused for student in room.students]
        wait_for(
            lambda: all(s.refused > no for s, no in zip(room.students, refused, strict=True)),
            "all are told that nothing is saved",
        )
        _restart(room)
        for student in room.students:
            student.delete("big")
        _restart(room)  # the server that starts in a full home saves nothing

    tell(room.befall("all homes are full", strike))


def _restart(room: Class) -> None:
    """Stop all servers; the students press Start."""
    hub, before = room.hub, {one: room.hub.container(one.name)["Id"] for one in room.students}
    for student in room.students:
        hub.api.delete(f"/users/{student.name}/server").raise_for_status()

    def restarted(student: Student) -> bool:
        servers = hub.servers(student.name)
        is_new = bool(servers) and servers[""]["ready"]
        return is_new and hub.container(student.name)["Id"] != before[student]

    for student in room.students:
        wait_for(lambda one=student: restarted(one), f"{student.name} has another server")


def test_the_clock_jumps(room: Class, hub: StartedHub, tell: Tell) -> None:
    """Three days ahead and back, for the hub and its services: nobody is taken for idle."""

    def strike() -> None:
        for days in (3, 0):
            hub.set_clock(days * 24 * 3600)
            enough = len(hub.decisions) + 2 * STUDENTS
            wait_for(lambda goal=enough: len(hub.decisions) > goal, "the culler has looked")

    outcome = room.befall("the clock jumps three days, and back", strike)
    tell(outcome)
    assert outcome.ran_on == STUDENTS


def test_the_power_goes(room: Class, hub: StartedHub, tell: Tell, tmp_path: Path) -> None:
    """In the middle of states that are kept, and of a backup: the disk is as it was just then."""
    backup = [*COMMAND, "backup", str(tmp_path / "backup")]
    backup += ["--config", str(hub.folder / "hub.yaml")]

    def strike() -> None:
        with (
            at_work("btrfs", hub.disk),
            subprocess.Popen(
                backup, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as saving,
        ):
            wait_for(lambda: any((tmp_path / "backup").rglob("*/*")), "something is backed up")
            with room.without_power():
                cut = hub.disk.with_name("cut.img")
                copy = ["cp", "--reflink=always", str(hub.disk.with_name("disk.img")), str(cut)]
                subprocess.run(copy, check=True)
                saving.kill()
                for student in room.students:
                    hub.client.kill(hub.container(student.name)["Id"])
                _swap(hub.disk, cut)

    # What Jupyter is just writing over when the power goes is empty then; a new file never was.
    tell(room.befall("the power goes during snapshots and a backup", strike, anew=True))
    for more in ((), ("--verify",)):
        done = subprocess.run([*backup, *more], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _swap(place: Path, file: Path) -> None:
    """Have another disk there."""
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    mount = ["mount", "--options", "loop", str(file), str(place)]

    def is_mounted() -> bool:
        # While anything has the old one, the kernel takes no second disk of its name.
        subprocess.run(["btrfs", "device", "scan", "--forget"], capture_output=True)
        return not subprocess.run(mount, capture_output=True).returncode

    wait_for(is_mounted, f"{file} is mounted")
