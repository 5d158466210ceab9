"""Time that passes, whatever the machine's clock says, and limits of it."""

import sys
from time import monotonic

from tornado.ioloop import IOLoop

if sys.version_info >= (3, 11):
    from asyncio import timeout as timeout
else:
    from async_timeout import timeout as timeout
"""``asyncio.wait_for``, before Python 3.12, loses a cancellation that comes with the result."""


def steady() -> None:
    """
    Have tornado's timers of this process go on when somebody sets the clock.

    They go by ``time.time``: a clock that is set back by an hour would keep the hub from looking
    after its proxy and its servers for an hour.
    """
    IOLoop.time = lambda loop: monotonic()  # type: ignore[assignment, method-assign]
