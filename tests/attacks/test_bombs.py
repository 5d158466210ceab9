"""One student takes all there is to take; hub and neighbour go on."""

import asyncio

import httpx

from tests.attacks.conftest import PROCESSES, only_walls
from tests.attacks.ground import Ground, GroundHub
from tests.attacks.inside import files, kernel
from tests.attacks.students import Student
from tests.hubs import wait_for

pytestmark = only_walls


def others_go_on(hub: GroundHub, ben: Student) -> bool:
    """Whether the hub's pages and the neighbour's server answer."""
    return httpx.get(f"{hub.url}/hub/login", timeout=60).is_success and ben.opens()


async def test_a_memory_bomb(hub: GroundHub, ben: Student, cleo: Student) -> None:
    """Memory without end: the kernel that asks for it ends, and others' go on."""
    await cleo.starves()

    assert others_go_on(hub, ben)
    assert await ben.does(kernel.processes)


async def test_a_bomb_in_shared_memory(hub: GroundHub, ben: Student, cleo: Student) -> None:
    """Memory by files in `/dev/shm`: they end at its size, which counts as the server's memory."""
    written, why = await cleo.does(files.fills, "/dev/shm", 2**30)

    assert why
    assert written < 512 * 2**20
    assert others_go_on(hub, ben)


async def test_a_disk_bomb(hub: GroundHub, machine: Ground, ben: Student, cleo: Student) -> None:
    """Disk without end, where homes have no quota: the server is stopped in time, and its owner \
reads why."""
    await cleo.begins(files.fills, "/home/jovyan", 2**33)

    await asyncio.to_thread(wait_for, lambda: not hub.servers(cleo.name), "the server is stopped")
    assert others_go_on(hub, ben)
    assert await ben.does(files.fills, "/home/jovyan", 2**20) == [2**20, ""]
    page = await asyncio.to_thread(hub.page, cleo.name, f"/hub/spawn/{cleo.name}")
    assert "it was filling the disk" in page
    (machine.home(cleo.name) / "bomb").unlink()


async def test_a_fork_bomb(hub: GroundHub, ben: Student, cleo: Student) -> None:
    """Processes without end: those of the server end at its limit, others' go on, and the hub \
can stop it."""
    count = await cleo.does(files.forks_without_end)

    assert count <= PROCESSES
    assert others_go_on(hub, ben)
    assert await ben.does(kernel.processes)
    await asyncio.to_thread(hub.stop, cleo.name)
