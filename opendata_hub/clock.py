"""Timers that go by the seconds that pass, whatever the machine's clock says."""

from tornado.ioloop import IOLoop


def steady() -> None:
    """
    Have tornado's timers of this process go on when somebody sets the clock.

    They go by ``time.time``: a clock that is set back by an hour would keep the hub from looking
    after its proxy and its servers for an hour. The loop under them has a clock that nobody sets.
    """
    IOLoop.time = _time  # type: ignore[method-assign]


def _time(loop: IOLoop) -> float:
    return loop.asyncio_loop.time()  # type: ignore[attr-defined]
