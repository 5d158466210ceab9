"""Students who save all the time, in two ways, and remember what they were told is saved."""

import hashlib
import os
import re
import secrets
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress

import httpx

from tests.hubs import RunningHub

FOLDER = "work"
PAUSE = 0.1  # seconds, between two files

# A program in the server: a file is written, the system says that it is on the disk, we say so.
WRITE = f"""
import hashlib, os, secrets, sys, time
os.makedirs("{FOLDER}", exist_ok=True)
while not os.path.exists(sys.argv[1]):
    text, name = secrets.token_bytes(3000), "{FOLDER}/" + secrets.token_hex(8)
    try:
        with open(name, "xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        print(name, hashlib.sha256(text).hexdigest(), flush=True)
    except OSError:
        pass
    time.sleep({PAUSE})
"""
SAID = re.compile(rf"(?P<path>{FOLDER}/\w+) (?P<content>[0-9a-f]{{64}})\n")
# What is there.
READ = f"""
import hashlib, os
for entry in os.scandir("{FOLDER}"):
    if entry.is_file():
        with open(entry.path, "rb") as file:
            print(entry.path, hashlib.sha256(file.read()).hexdigest())
"""


class Ledger:
    """
    What is saved, by its path in the home.

    Attributes:
        saved: sum of the content that was said to be saved.
        tried: sums of what was sent after that, and nobody knows.
    """

    def __init__(self) -> None:
        self.saved: dict[str, str] = {}
        self.tried: dict[str, list[str]] = defaultdict(list)
        self.is_open = True
        """Not while the power is off: what is said then, nobody hears."""

    def save(self, path: str, content: str) -> None:
        """Note that something was said to be saved."""
        if self.is_open:
            self.saved[path] = content
            self.tried.pop(path, None)

    def lost(self, there: Mapping[str, str]) -> list[str]:
        """Return the paths that are not as they may be, nor have a copy beside them that is."""
        return [path for path in self.saved if not self._is_there(path, there)]

    def _is_there(self, path: str, there: Mapping[str, str]) -> bool:
        # Jupyter keeps the last version under another name while it writes over a file.
        found = {there.get(path), there.get(path.replace("/", "/.~"))}
        return bool(found & {self.saved[path], *self.tried.get(path, ())})


class Student:
    """One student with a server, who presses Start where it is gone."""

    def __init__(self, hub: RunningHub, name: str) -> None:
        self.hub, self.name, self.ledger = hub, name, Ledger()
        self.pages = self.programs = 0
        """How often each way has said that something is saved."""
        self.refused = 0
        """How often a page was told that something is not."""
        self._http = httpx.Client(
            base_url=f"{hub.url}/user/{name}/api/contents/{FOLDER}",
            headers={"Authorization": f"token {hub.token}"},
            timeout=8,  # then people reload the page
        )
        hub.sessions.append(self._http)

    def begin(self, anew: bool) -> None:
        """
        Save, until :meth:`end`.

        Args:
            anew: each page in a file of its own, none over one that is there.
        """
        self._anew = anew
        self._over, self._mark = threading.Event(), f"/tmp/end-{secrets.token_hex(4)}"
        self._threads = [self._repeat(self._save), self._repeat(self._run_program)]

    def _repeat(self, step: Callable[[], None]) -> threading.Thread:
        def repeat() -> None:
            while not self._over.is_set():
                step()
                self._over.wait(PAUSE)

        thread = threading.Thread(target=repeat)
        thread.start()
        return thread

    def end(self) -> None:
        """Save no more."""
        self._over.set()
        with suppress(AssertionError):
            self.call("import sys; open(sys.argv[1], 'w')", self._mark)
        for thread in self._threads:
            thread.join()

    def _save(self) -> None:
        """As a page does it; every third time the same file, as JupyterLab saves a notebook."""
        again = len(self.ledger.saved) % 3 == 0 and not self._anew
        name = "diary.txt" if again else f"{secrets.token_hex(8)}.txt"
        text = secrets.token_hex(1500)
        path, content = f"{FOLDER}/{name}", hashlib.sha256(text.encode()).hexdigest()
        self.ledger.tried[path].append(content)
        body = {"type": "file", "format": "text", "content": text}
        with suppress(httpx.HTTPError, ValueError, KeyError):  # the hub is away, or half there
            if self._http.put(f"/{name}", json=body).is_success:
                self.ledger.save(path, content)
                self.pages += 1
                return
            self.refused += 1
            if self.ledger.is_open and not self.hub.servers(self.name):
                self.hub.ask(self.name)

    def _run_program(self) -> None:
        with self._inside(WRITE, self._mark) as program:
            assert program.stdout
            for line in program.stdout:
                if said := SAID.fullmatch(line):  # the engine, too, says what is on its mind
                    self.ledger.save(said["path"], said["content"])
                    self.programs += 1

    def _inside(self, program: str, *arguments: str) -> "subprocess.Popen[str]":
        """Run a Python program in the server."""
        command = ["docker", "exec", f"opendata-{self.name}", "python3", "-c", program, *arguments]
        environment = {**os.environ, **self.hub.environment}
        log = self.hub.folder / f"{self.name}.log"
        with log.open("ab") as said:
            return subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True
            )

    def call(self, program: str, *arguments: str) -> str:
        """
        Run a Python program in the server, and return what it prints.

        Raises:
            AssertionError: it has failed, or there is no server.
        """
        with self._inside(program, *arguments) as running:
            printed = running.communicate()[0]
        assert running.returncode == 0, f"see {self.name}.log"
        return printed

    def delete(self, name: str) -> None:
        """Delete a file as a page does it."""
        self._http.delete(f"/{name}").raise_for_status()

    def lost(self) -> list[str]:
        """Return what was said to be saved and is not there now."""
        there = dict(line.split() for line in self.call(READ).splitlines())
        return self.ledger.lost(there)
