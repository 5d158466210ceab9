"""What is measured: each function makes the rows of one scenario, one row for each run."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import browser, measure
from benchmarks.hubs import KINDS, Bench, BenchHub, Students
from benchmarks.measure import Moment
from tests.kernels import Kernel

Row = dict[str, Any]
"""Numbers by name, as JSON has them; seconds and CPU-seconds where nothing else is said."""

_POLLS = 10  # of a server, for one number
_IDLE = 3.0  # seconds
_KERNELS = 3  # come up at a time; all at once they would keep each other from answering
_LOOP = "while True: pass"


def one(bench: Bench, starts: int) -> Iterator[Row]:
    """One student: the kinds take turns, start by start; every start is a new user's first."""
    for _ in range(starts):
        for kind in KINDS:
            yield _herd(bench, kind, 1)


def herd(bench: Bench, runs: int, users: int) -> Iterator[Row]:
    """So many new users press Start together: the kinds take turns."""
    for _ in range(runs):
        for kind in KINDS:
            yield _herd(bench, kind, users)


def _herd(bench: Bench, kind: str, users: int) -> Row:
    hub = bench.hub(kind)
    with bench.students(hub, users) as students:
        bench.settle()
        return {"kind": kind, **asyncio.run(_press(hub, students))}


async def _press(hub: BenchHub, students: Students) -> Row:
    async with browser.api(hub) as http:
        before = Moment.now(hub.pid)
        presses = (browser.press_start(http, user) for user in students.names)
        waits = await asyncio.gather(*presses)
        used = Moment.now(hub.pid).since(before)
    users = len(students.names)
    got_in = sorted(wait for wait in waits if wait is not None)
    return {
        "users": users,
        "ok": len(got_in),
        "makespan": used.seconds,
        "mean": statistics.mean(got_in) if got_in else 0.0,
        "p95": measure.p95(got_in),
        "cpu": used.machine / users,
        "cpu_containers": measure.containers(hub.client, students.mark) / users,
        "cpu_hub": used.hub / users,
        "waits": got_in,
    }


def watched(bench: Bench, runs: int, users: int) -> Iterator[Row]:
    """So many press Start together at our hub, while somebody else loads its pages."""
    hub = bench.hub("ours")
    for _ in range(runs):
        with bench.students(hub, users) as students, bench.students(hub, 1) as visitor:
            bench.settle()
            row = asyncio.run(_watched(hub, students, visitor.names))
            yield {"kind": "ours", **row}


async def _watched(hub: BenchHub, students: Students, visitor: list[str]) -> Row:
    async with (
        browser.sessions(hub, visitor) as [http],
        browser.Sampler(http, "/hub/health", "/hub/home") as sampler,
    ):
        row = await _press(hub, students)
    pages = {path.rpartition("/")[2]: seconds for path, seconds in sampler.seconds.items()}
    return {
        **row,
        "looks": sum(map(len, pages.values())) + sampler.failed,
        "failed": sampler.failed,
        **{f"{name}_p95": measure.p95(seconds) for name, seconds in pages.items()},
    }


def early(bench: Bench, runs: int, users: int, alone: int = 3) -> Iterator[Row]:
    """
    Servers that run already, opened by their users for the first time.

    Args:
        users: who click together.
        alone: who click before them, one after the other.
    """
    hub = bench.hub("ours")
    for _ in range(runs):
        with bench.students(hub, users + alone) as students:
            asyncio.run(_press(hub, students))
            bench.settle()
            row = asyncio.run(_visit(hub, students.names, alone))
            yield {"kind": "ours", "users": users, **row}


async def _visit(hub: BenchHub, users: list[str], alone: int) -> Row:
    async with browser.sessions(hub, users) as opened:
        visits = [browser.open_lab(http, user) for http, user in zip(opened, users, strict=True)]
        first = [await visit for visit in visits[:alone]]
        together = sorted(await asyncio.gather(*visits[alone:]))
    return {"alone": first, "together": together, "p95": measure.p95(together)}


def many(bench: Bench, starts: int, users: int) -> Iterator[Row]:
    """
    One server more is started, polled and stopped, beside none and beside many.

    Half of the starts beside none come after those beside many, for machines drift.
    """
    before = (starts + 1) // 2
    hub = bench.hub("ours")
    with bench.students(hub, 1) as extra:
        _cycle(hub, extra.names[0])  # makes the home
        for beside, times in ((0, before), (users, starts), (0, starts - before)):
            with _running(bench, hub, beside):
                for _ in range(times):
                    cost = _cost(hub, extra.names[0], _IDLE if bench.careful else 0.1)
                    yield {"kind": "ours", "users": beside, **cost}


@contextmanager
def _running(bench: Bench, hub: BenchHub, count: int) -> Iterator[Students]:
    with bench.students(hub, count) as students:
        if count:
            row = asyncio.run(_press(hub, students))
            assert row["ok"] == count, row
        bench.settle()
        yield students


def _cost(hub: BenchHub, user: str, watch: float) -> Row:
    """
    Of one server, in seconds and CPU-seconds of the hub, and its CPU-seconds in an idle second.

    Args:
        watch: seconds in which the hub is seen with nothing to do.
    """
    idle = _took(hub, lambda: time.sleep(watch))
    row: Row = {"idle_hub": idle.hub / idle.seconds}
    for name, act, times in (
        ("start", lambda: _start(hub, user), 1),
        ("poll", lambda: _poll(hub, user), _POLLS),
        ("stop", lambda: hub.stop(user), 1),
    ):
        used = _took(hub, act, times)
        row |= {name: used.seconds / times, f"{name}_hub": used.hub / times}
    return row


def _took(hub: BenchHub, act: Callable[[], None], times: int = 1) -> Moment:
    before = Moment.now(hub.pid)
    for _ in range(times):
        act()
    return Moment.now(hub.pid).since(before)


def _start(hub: BenchHub, user: str) -> None:
    start = hub.start(user)
    assert start.ok, start


def _poll(hub: BenchHub, user: str) -> None:
    """Ask for a start again: the hub looks whether the server is alive, and refuses."""
    assert hub.ask(user).status_code == 400


def computing(bench: Bench, starts: int, users: int) -> Iterator[Row]:
    """Starts on a machine at rest, then while a kernel of each of so many students computes."""
    hub = bench.hub("ours")
    with bench.students(hub, 1) as extra:
        _cycle(hub, extra.names[0])  # makes the home
        for computing in (0, users):
            with _running(bench, hub, computing) as students:
                asyncio.run(_compute(hub, students.names))
                for _ in range(starts):
                    start = _cycle(hub, extra.names[0])
                    yield {
                        "kind": "ours",
                        "users": computing,
                        "start": start.seconds,
                        "busy": start.machine / start.seconds,
                    }


def _cycle(hub: BenchHub, user: str) -> Moment:
    start = _took(hub, lambda: _start(hub, user))
    hub.stop(user)
    return start


async def _compute(hub: BenchHub, users: list[str]) -> None:
    """Have a kernel of each compute; it goes on when nobody listens any more."""
    few = asyncio.Semaphore(_KERNELS)

    async def ready(user: str) -> Kernel:
        async with few:
            kernel = await asyncio.to_thread(Kernel, hub, user)
            await kernel.run("pass")
            return kernel

    kernels = await asyncio.gather(*(ready(user) for user in users))
    await asyncio.gather(*(kernel.begin(_LOOP) for kernel in kernels))
