"""`opendata-hub try` as a process of its own, and what it leaves."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import NotFound

from opendata_hub.homes import safe_name
from tests.hubs import PATIENCE, wait_for


class Trial:
    """One `opendata-hub try` in a folder, with what it prints."""

    def __init__(self, folder: Path, image: str, *options: str, browser: str = "") -> None:
        self.log = folder / f"try-{len(list(folder.glob('try-*')))}.log"
        program = Path(sys.executable).with_name("opendata-hub")
        hidden = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [program, "try", image, *options],
                cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                env=environment | ({"BROWSER": browser} if browser else {}),
                start_new_session=True,
            )  # fmt: skip

    @property
    def printed(self) -> str:
        """All it has printed."""
        return self.log.read_text("utf-8")

    def url(self) -> str:
        """Wait until it has printed its address, and return that."""
        found = wait_for(self._url, f"an address is printed; see {self.log}")
        return str(found[1])

    def _url(self) -> "re.Match[str] | None":
        found = re.search(r"(http://127\.0\.0\.1:\S+)\n", self.printed)
        assert found or self.process.poll() is None, self.printed
        return found

    def end(self, sign: int = signal.SIGINT) -> str:
        """End it as Ctrl-C does, unless it has ended; return all it has printed."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        self.process.wait(PATIENCE)
        return self.printed


class Trials:
    """Begins trials in a folder; at the end none runs, and their homes are gone."""

    def __init__(self, client: docker.APIClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.begun: dict[Trial, str] = {}

    def begin(self, image: str, *options: str, browser: str = "") -> Trial:
        """Begin one. ``browser`` is the command that opens an address; without it there is none."""
        trial = Trial(self.folder, image, *options, browser=browser)
        self.begun[trial] = f"opendata-try.{safe_name(image)}"
        return trial

    def clear(self) -> None:
        """End all, and remove what they made."""
        for trial, name in self.begun.items():
            print(trial.end())
            with suppress(NotFound):
                self.client.remove_container(name, force=True, v=True)
            with suppress(NotFound):
                self.client.remove_volume(name)
