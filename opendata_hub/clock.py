"""Timers that go by the seconds that pass, whatever the machine's clock says."""

from time import monotonic

from tornado.ioloop import IOLoop


def steady() -> None:
    """
    Have tornado's timers of this process go on when somebody sets the clock.

    They go by ``time.time``: a clock that is set back by an hour would keep the hub from looking
    after its proxy and its servers for an hour.
    """
    IOLoop.time = lambda loop: monotonic()  # type: ignore[assignment, method-assign]
