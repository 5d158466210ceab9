"""The guard of the disks: who fills one is stopped in time, and nobody else."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import docker
import pytest

from opendata_hub.guard import Case, Disk, Guard, Place, layer_of, reserve
from tests import stand_in
from tests.engine.own_engines import OwnEngine, own_engine

MB = 2**20
PATIENCE = 60.0

START = """
import ctypes, mmap, os, tempfile, time
chunk = os.urandom(2**20)
def write(path, megabytes, more=True):
    with open(path, "wb", 0) as file:
        while more or megabytes > 0:
            file.write(chunk)
            megabytes -= 1
def again(act):
    while True:
        try:
            act()
        except OSError:
            time.sleep(0.1)
"""
FILLERS = {
    "in the home": "again(lambda: write('/home/jovyan/large', 0))",
    "elsewhere": "again(lambda: write('/var/tmp/large', 0))",
    "in a volume of its image": "again(lambda: write('/x/large', 0))",
    "in memory that is a file without a name": """
file = tempfile.TemporaryFile(dir="/home/jovyan", buffering=0)
file.truncate(2**40)
memory = mmap.mmap(file.fileno(), 2**40)
file.close()
for place in range(0, 2**40, 4096):
    memory[place] = 1
    if place % 2**20 == 0:
        time.sleep(0.001)
""",
    "with small files": """
for file in range(10**6):
    open(f"/home/jovyan/{file}", "w").close()
    time.sleep(0.0002)
""",
}
INNOCENTS = {
    "rewrites": "again(lambda: (write('/home/jovyan/state', 12, False), time.sleep(0.02)))",
    "sparse": """
file = open("/var/tmp/sparse", "wb")
again(lambda: (file.truncate(2**40), file.truncate(0), time.sleep(0.05)))
""",
}


@pytest.fixture(scope="module")
def engine(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnEngine]:
    """An engine on a disk of its own."""
    folder = tmp_path_factory.mktemp("engine")
    with own_engine(folder, "8g", filesystem="ext4, few files") as own:
        with closing(docker.APIClient(own.url, version="auto", timeout=300)) as there:
            there.load_image(client.get_image(stand_in.BASE))
        with own.disk.joinpath("taken").open("wb") as file:  # nothing is written to it
            os.posix_fallocate(file.fileno(), 0, Disk(own.disk, True, True).look().bytes - 950 * MB)
        yield own


class Room:
    """Servers on that engine, as the guard knows them."""

    def __init__(self, engine: OwnEngine, client: docker.APIClient) -> None:
        self.engine, self.client = engine, client
        self.names: dict[str, str] = {}
        self.stopped: list[str] = []
        self.hidden = ""
        """Who writes where nobody sees it."""

    def run(self, name: str, code: str) -> None:
        """Start one that does what it wants."""
        host = self.client.create_host_config(binds=[f"home-{name}:/home/jovyan"])
        command = ["python3", "-c", START + code]
        made = self.client.create_container(
            stand_in.BASE,
            command,
            host_config=host,
            network_disabled=True,
            volumes=["/home/jovyan", "/x"],  # as an image with VOLUME /x has it
        )
        self.client.start(made["Id"])
        self.names[made["Id"]] = name

    async def places(self) -> Mapping[str, Place]:
        """Tell where they write, as this process sees it."""
        return {name: self._place(name) for name in self.names}

    def _place(self, container: str) -> Place:
        facts = self.client.inspect_container(container)
        upper = Path(facts["GraphDriver"]["Data"]["UpperDir"])
        layer = self.engine.disk.joinpath(*upper.parts[upper.parts.index("overlay2") :])
        home = self.engine.disk / "volumes" / f"home-{self.names[container]}" / "_data"
        seen = self.names[container] != self.hidden
        return Place(layer if seen else None, home, facts["State"]["Pid"])

    async def stop(self, case: Case) -> None:
        """Be the hub."""
        await asyncio.to_thread(self.client.remove_container, case.container, force=True)
        self.stopped.append(self.names.pop(case.container))

    def clear(self) -> None:
        """Remove all that is left of them."""
        for container in self.client.containers(all=True, quiet=True):
            self.client.remove_container(container["Id"], force=True)
        for volume in self.client.volumes()["Volumes"] or ():
            self.client.remove_volume(volume["Name"])


@pytest.fixture
def room(engine: OwnEngine) -> Iterator[Room]:
    """Nobody yet; the disk is as empty as it was in the end."""
    with closing(docker.APIClient(engine.url, version="auto", timeout=300)) as there:
        room = Room(engine, there)
        try:
            yield room
        finally:
            room.clear()


@asynccontextmanager
async def guarded(room: Room) -> AsyncIterator[Disk]:
    """Have a guard at work."""
    disk = Disk(room.engine.disk, layers=True, homes=True)
    guard = Guard({disk: reserve(disk.whole.bytes)}, room.places, room.stop)
    task = asyncio.ensure_future(guard.watch())
    try:
        yield disk
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], object], look: Callable[[], None]) -> None:
    """Wait for it."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not true():
        assert asyncio.get_running_loop().time() < end
        look()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", FILLERS)
async def test_who_fills_the_disk_is_stopped_and_nobody_else(room: Room, way: str) -> None:
    """However it is filled; others who write much but take little work on; it is never full."""
    for name, code in INNOCENTS.items():
        room.run(name, code)
    async with guarded(room) as disk:
        least = [disk.look()]
        room.run("filler", FILLERS[way])

        await until(lambda: room.stopped, lambda: least.append(disk.look()))

    print(way, min(left.bytes for left in least) // MB, "MB left")
    assert room.stopped == ["filler"]
    assert min(left.bytes for left in least) > 0
    assert min(left.files or 0 for left in least) > 0


async def test_the_only_one_that_cannot_be_weighed_is_stopped_for_what_nobody_took(
    room: Room,
) -> None:
    """Those who can be weighed have not taken it, and work on."""
    for name, code in INNOCENTS.items():
        room.run(name, code)
    room.hidden = "filler"
    async with guarded(room) as disk:
        room.run("filler", FILLERS["elsewhere"])

        await until(lambda: room.stopped, lambda: None)

    assert room.stopped == ["filler"]
    assert disk.look().bytes > 0


def test_where_a_server_writes_is_seen_without_the_engine(client: docker.APIClient) -> None:
    """What it is told of a layer differs by the engine's store; the kernel always knows."""
    container = client.create_container(stand_in.BASE, ["sleep", "600"], network_disabled=True)
    try:
        client.start(container)
        facts = client.inspect_container(container)

        assert str(layer_of(facts["State"]["Pid"])) == facts["GraphDriver"]["Data"]["UpperDir"]
    finally:
        client.remove_container(container, force=True)
