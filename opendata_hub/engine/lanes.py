"""Threads for blocking calls, so that a slow kind of call never holds up a quick one."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

CONTROL = ThreadPoolExecutor(8, "engine-control")
"""Calls that take milliseconds: inspect, create, start, list."""

STOPS = ThreadPoolExecutor(32, "engine-stops")
"""Calls that may take the whole grace period of a container: stop, remove. Such threads only
sleep, so a class that leaves at once finds one for each."""

STATS = ThreadPoolExecutor(4, "engine-stats")
"""Calls that take little, but come for all servers at once: they must not hold up a start."""


async def run(
    lane: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a blocking call in a lane and wait for it without blocking the loop."""
    return await asyncio.wrap_future(lane.submit(call, *args, **kwargs))


def in_background(call: Callable[[], T], name: str) -> "asyncio.Future[T]":
    """
    Run a call that may take minutes in a thread of its own.

    A daemon thread: the hub's Ctrl-C does not wait for a pull, as it would for a pool's thread.

    Returns:
        Future of the running loop; an exception nobody asks for is not reported as lost.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def finish(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # no error: it is a T

    def work() -> None:
        try:
            outcome: tuple[T | None, BaseException | None] = (call(), None)
        except BaseException as error:  # whatever it is, the waiter must hear of it
            outcome = (None, error)
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(finish, *outcome)

    threading.Thread(target=work, name=name, daemon=True).start()
    return future
