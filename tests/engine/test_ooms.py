"""The engine's word that a container ran out of memory, while it goes on running."""

import asyncio
import threading

from opendata_hub.engine import Engine, OutOfMemory
from tests.engine.conftest import LABEL, Run, prints, until
from tests.hubs import PATIENCE
from tests.proxies import Proxy

MEMORY = {"mem_limit": "64m", "memswap_limit": "64m"}
HUNGRY = """
import signal, subprocess, sys
child = subprocess.run([sys.executable, "-c", "b'x' * 10**9"])
print("child ended with", child.returncode, flush=True)
signal.pause()
"""


async def _hunger(engine: Engine, run: Run) -> str:
    """Run a container whose child runs out of memory, and wait for that."""
    container = await prints(engine, run(HUNGRY, host=MEMORY), "child ended with -9")
    return str(container["Id"])


async def test_a_child_that_eats_all_memory_is_told(
    engine: Engine, far_engine: Engine, run: Run
) -> None:
    """The container runs on, and whoever watches learns which it was and whose."""
    told: list[OutOfMemory] = []
    far_engine.watch_ooms(LABEL, told.append)

    hungry = await _hunger(engine, run)
    await until(lambda: told, "the watcher was told")

    assert hungry == told[0].container_id
    assert LABEL.split("=")[1] == told[0].labels[LABEL.split("=")[0]]
    container = await engine.container(hungry)
    assert container is not None and container["State"]["Running"]


async def test_containers_of_others_are_not_told(
    engine: Engine, far_engine: Engine, run: Run
) -> None:
    """Two watchers with labels of their own hear of their own containers only."""
    ours: list[OutOfMemory] = []
    theirs: list[OutOfMemory] = []
    far_engine.watch_ooms("somebody=else", theirs.append)
    far_engine.watch_ooms(LABEL, ours.append)

    await _hunger(engine, run)
    await until(lambda: ours, "our watcher was told")

    assert not theirs


async def test_news_from_while_the_engine_was_away_is_told_once(
    engine: Engine, far_engine: Engine, line: Proxy, run: Run
) -> None:
    """The connection breaks: what happens meanwhile is told later, and nothing is told twice."""
    told: list[OutOfMemory] = []
    far_engine.watch_ooms(LABEL, told.append)
    first = await _hunger(engine, run)
    await until(lambda: told, "the watcher was told")

    line.cut_now(answer=b"")
    refused = line.asked + 1
    second = await _hunger(engine, run)
    await until(lambda: line.asked >= refused, "the watcher has found nobody there")
    line.answer = None
    await until(lambda: told[-1].container_id == second, "the watcher was told again")

    assert {first, second} == {one.container_id for one in told}
    assert len({one.when for one in told}) == len(told)


def test_a_watch_ends_with_the_loop(far_engine: Engine, line: Proxy, run: Run) -> None:
    """The hub is gone when the next container runs out of memory."""

    async def hub() -> threading.Thread:
        watch = far_engine.watch_ooms(LABEL, lambda _: None)
        await until(lambda: line.served, "the engine has answered the watcher")
        return watch

    watch = asyncio.run(hub())
    run(HUNGRY, host=MEMORY)
    watch.join(PATIENCE)

    assert not watch.is_alive()
