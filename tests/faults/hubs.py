"""The hub as `./start` runs it, with homes on a disk of btrfs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.product import ProductHub
from tests.hubs import wait_for

COMMAND = [str(Path(sys.executable).with_name("opendata-hub"))]
CLOCK = Path(__file__).parent / "clock" / "sitecustomize.py"


class StartedHub(ProductHub):
    """
    `opendata-hub start`, which runs the hub; its log is what that prints.

    The hub and its services have a clock of their own, which the test sets.

    Attributes:
        disk: where the homes are.
    """

    disk: Path

    def configuration(self) -> str:
        """Give it the clock: every Python of the hub finds it on its path."""
        self._clock = self.folder / "clock"
        self._clock.mkdir()
        shutil.copy(CLOCK, self._clock)
        self.set_clock(0)
        self.environment["PYTHONPATH"] = str(self._clock)
        return super().configuration()

    def set_clock(self, seconds: int) -> None:
        """Set it ahead of the machine's."""
        draft = self._clock / "new"
        draft.write_text(str(seconds))
        draft.replace(self._clock / "ahead")

    def run(self) -> None:
        """Start it and wait until people can come."""
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "start", "--config", str(self.folder / "hub.yaml")],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(lambda: "Ctrl-C stops the hub" in self._log_of_one_that_runs(), "the hub is up")

    def _log_of_one_that_runs(self) -> str:
        assert self.process.poll() is None, f"the hub ended:\n{self.log}"
        return self.log

    @property
    def pid(self) -> int:
        """The hub itself."""
        process = self.process.pid
        (child,) = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return int(child)

    @property
    def proxy(self) -> int:
        """The proxy's process."""
        return int((self.folder / ".hub" / "proxy.pid").read_text())

    @property
    def decisions(self) -> list[str]:
        """What the culler has said of servers."""
        return re.findall(r"^\[culling\] \S+ (?:stays|stops): .*$", self.log, re.MULTILINE)
