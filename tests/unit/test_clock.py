"""A machine's clock that somebody sets."""

import asyncio
from datetime import datetime, timedelta, timezone

import pytest
import time_machine
from tornado.ioloop import IOLoop, PeriodicCallback

from opendata_hub import clock


async def test_timers_go_on_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three days, and what is done every few milliseconds still is."""
    monkeypatch.setattr(IOLoop, "time", IOLoop.time)  # as it was, in the end
    clock.steady()
    ticks: asyncio.Queue[None] = asyncio.Queue()
    timer = PeriodicCallback(lambda: ticks.put_nowait(None), 5)
    timer.start()
    try:
        await asyncio.wait_for(ticks.get(), 60)
        with time_machine.travel(datetime.now(timezone.utc) - timedelta(days=3)):
            for _ in range(10):
                await asyncio.wait_for(ticks.get(), 60)
    finally:
        timer.stop()
