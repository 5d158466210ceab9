"""The page on port 80 that says how far an installation is: gone when the hub wants that port."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from opendata_hub import places
from opendata_hub.machine import ports

_PATIENCE = 10.0  # seconds


def end() -> None:
    """End the page that ``bootstrap.py`` shows, if it does, and wait until it is gone."""
    file = places.RUN / "page.pid"
    with suppress(OSError, ValueError):
        number = int(file.read_text("ascii"))
        if b"bootstrap" in Path(f"/proc/{number}/cmdline").read_bytes():
            os.kill(number, signal.SIGTERM)
            _wait(number)
    file.unlink(missing_ok=True)


def _wait(number: int) -> None:
    until = time.monotonic() + _PATIENCE
    while ports.is_held_by(number, 80) and time.monotonic() < until:
        time.sleep(0.05)
