"""Running the hub in the foreground: a process that stops with this one, and not before."""

import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from types import FrameType

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say

# A site's web proxy is not the way to this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    is_up: Callable[[], bool],
    ready: Callable[[], None],
    say: Say,
) -> None:
    """
    Run the hub until this process is told to stop; one that ends after it was up is run again.

    Ctrl-C, SIGTERM and a closed terminal all reach the hub as SIGTERM, once: it stops its proxy
    and leaves people's servers alone.

    Args:
        command: the hub's command line.
        environment: its whole environment.
        is_up: asked a few times a second whether people can come.
        ready: called then, each time.
        say: told that it is run again.

    Raises:
        MachineError: the hub ended by itself, and nobody could come before.
    """
    with _stopping() as stop:
        while True:
            # In a session of its own: else the terminal would send Ctrl-C to hub and services too.
            process = subprocess.Popen(command, env=dict(environment), start_new_session=True)
            stop.watch(process)
            was_up = _wait(process, is_up, stop)
            if was_up:
                ready()
            code = process.wait()
            if stop.asked:
                return
            if not was_up:
                raise MachineError(
                    f"The hub ended with exit code {code}; its last lines above say why."
                )
            say(f"The hub ended by itself, with exit code {code}, and is started again.")


class _Stop:
    """Whether somebody asked for the end; passes that on, once."""

    def __init__(self) -> None:
        self.asked = False
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        if self.asked:
            process.terminate()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._process and not self.asked:
            self._process.terminate()
        self.asked = True


@contextmanager
def _stopping() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(process: "subprocess.Popen[bytes]", is_up: Callable[[], bool], stop: _Stop) -> bool:
    while process.poll() is None and not stop.asked:
        if is_up():
            return True
        time.sleep(0.1)
    return False


def answers(url: str) -> bool:
    """Whether a page of this machine can be had."""
    try:
        with _DIRECT.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, HTTPException):
        return False
