"""Calls that take long hold up neither quick ones nor the loop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import docker
import pytest

from opendata_hub.engine import Engine
from opendata_hub.engine.lanes import in_background
from opendata_hub.errors import EngineError
from tests.conftest import STARTER
from tests.engine.conftest import STUBBORN, Run, all_of, prints, until
from tests.proxies import Proxy

VERBS: dict[str, Callable[[Engine], Awaitable[object]]] = {
    "container": lambda engine: engine.container("nobody"),
    "create_volume": lambda engine: engine.create_volume("not/a/name", {}),
    "has_volume": lambda engine: engine.has_volume("nobody"),
    "image": lambda engine: engine.image(STARTER),
    "image_sizes": lambda engine: engine.image_sizes(),
    "last_lines": lambda engine: engine.last_lines("nobody"),
    "pull": lambda engine: all_of(engine.pull("not a name")),
    "put": lambda engine: engine.put("nobody", "/", b""),
    "remove": lambda engine: engine.remove("nobody"),
    "start": lambda engine: engine.start("nobody"),
    "stop": lambda engine: engine.stop("nobody"),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_no_verb_blocks_the_loop(far_engine: Engine, line: Proxy, verb: str) -> None:
    """While an engine takes its time over one call, the hub serves everybody else."""
    line.hold()
    asked = asyncio.ensure_future(VERBS[verb](far_engine))

    await until(lambda: line.holding, "the engine has answered, and its answer is held")
    waits = not asked.done()
    line.release()
    await asyncio.gather(asked, return_exceptions=True)

    assert waits


async def test_servers_that_will_not_stop_delay_no_poll(
    engine: Engine, run: Run, client: docker.APIClient
) -> None:
    """Three containers ignore SIGTERM; others are looked after while they are waited for."""
    names = [run(STUBBORN) for _ in range(3)]
    for name in names:
        await prints(engine, name, "ready")
    stops = [asyncio.ensure_future(engine.stop(name, grace=60)) for name in names]
    for name in names:
        await prints(engine, name, "asked to stop")

    states = [await engine.container(name) for name in names]

    assert not any(stop.done() for stop in stops)
    assert all(state and state["State"]["Running"] for state in states)
    await asyncio.gather(*[engine.remove(name) for name in names])
    await asyncio.gather(*stops)


async def test_a_stop_ends_what_does_not_listen(engine: Engine, run: Run) -> None:
    """After its grace a container is ended the hard way."""
    name = run(STUBBORN)
    await prints(engine, name, "ready")

    await engine.stop(name, grace=0)

    container = await engine.container(name)
    assert container is not None
    assert (container["State"]["Running"], container["State"]["ExitCode"]) == (False, 137)


async def test_the_librarys_own_methods_run_in_the_same_lanes(engine: Engine) -> None:
    """DockerSpawner's calls go through us, with the library's own answers and errors."""
    assert "ApiVersion" in await engine.call("version")
    with pytest.raises(docker.errors.NotFound):
        await engine.call("inspect_container", "nobody")


async def test_a_refused_verb_is_an_error_of_ours(engine: Engine) -> None:
    """Whoever calls a verb has one family of errors to handle, with the engine's own words."""
    with pytest.raises(EngineError, match="No such container: nobody"):
        await engine.start("nobody")


async def test_a_call_that_nobody_waits_for_any_more_ends_in_peace() -> None:
    """Whoever waited has given up; neither the result nor an error disturbs anybody."""
    go_on = threading.Event()
    result = in_background(go_on.wait, "result")
    error = in_background(lambda: 1 / int(not go_on.wait()), "error")
    result.cancel()
    error.cancel()
    last = in_background(go_on.wait, "last")
    go_on.set()

    assert await last
    assert (result.cancelled(), error.cancelled()) == (True, True)


def test_a_call_may_outlive_the_loop() -> None:
    """The hub ends in the middle of a pull, and its log shows no traceback."""
    go_on, ended = threading.Event(), threading.Event()

    def call() -> None:
        go_on.wait()
        ended.set()

    async def hub() -> None:
        in_background(call, "outlives")

    asyncio.run(hub())
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "outlives":
            thread.join()

    assert ended.is_set()
