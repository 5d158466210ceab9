"""The work of the service: Caddy runs as long as the hub does, and says what it waits for."""

import json
import os
import subprocess
import threading
import time
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say, authority, caddy, certificates, names
from opendata_hub.services.https import obstacles
from opendata_hub.services.https.config import LAN, Config
from opendata_hub.services.https.configuration import configuration, waiting_page
from opendata_hub.services.https.journal import Journal, is_success, last_words, read
from opendata_hub.services.https.places import Places

_END = 5.0  # seconds that Caddy has to end


class Keeper:
    """
    Runs Caddy, again and again.

    Args:
        say: told each thing once, in a sentence.
    """

    def __init__(self, config: Config, say: Say) -> None:
        self._config, self._say = config, say
        self._places = Places(config.folder)
        self._told = ""

    def run(self) -> None:
        """Keep Caddy running until this process ends."""
        self._places.make()
        self._tell("")
        while True:
            while obstacle := obstacles.first(self._config):
                self._tell(obstacle)
                time.sleep(self._config.pause)
            self._prepare()
            self._serve()
            time.sleep(self._config.pause / 10)

    def _tell(self, problem: str) -> None:
        """Say what is wrong, to whoever reads the log, and to doctor and start."""
        if problem and problem != self._told:
            self._say(problem)
        self._told = problem
        self._places.say(problem)

    def _prepare(self) -> None:
        config, places, root = self._config, self._places, None
        if config.authority == LAN and not config.certificate:
            root = authority.ensure(places.authority, config.host)
            places.root.write_bytes(root[0].read_bytes())
        if config.is_acme and not places.certificate(config.host):
            places.waiting.write_text(waiting_page(), "utf-8")
            if doubt := names.doubt(names.look(config.host), from_internet=not config.authority):
                self._say(doubt)
        else:
            places.waiting.unlink(missing_ok=True)
        told = configuration(config, root)
        places.configuration.write_text(json.dumps(told, indent=2), "utf-8")

    def _serve(self) -> None:
        """Run Caddy to its end, and read what it logs."""
        self._tell("")
        # Should this process be killed, Caddy would keep the ports from the next one.
        command = ["setpriv", "--pdeathsig", "TERM", "--", caddy.command() or caddy.PROGRAM, "run"]
        folder = {"HOME": str(self._config.folder), "XDG_CONFIG_HOME": str(self._config.folder)}
        process = subprocess.Popen(
            [*command, "--config", str(self._places.configuration)],
            env={**os.environ, **folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            self._watch(process)
            self._read(process)
        finally:
            _end(process)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        journal, config = Journal(self._config.host), self._config
        for line in process.stderr or ():
            entry = read(line)
            if is_success(entry):
                self._rejoice()
            elif failure := journal.failure(entry):
                self._tell(f"{failure}{self._remaining()}")
            elif words := last_words(entry):
                self._tell(f"Caddy ended: {words}; {config.url} does not answer.")

    def _rejoice(self) -> None:
        self._places.waiting.unlink(missing_ok=True)
        self._tell("")
        if self._config.is_acme and (until := self._until()):
            self._say(f"{self._config.url} has its certificate, until {until}.")

    def _remaining(self) -> str:
        until = self._until()
        return f" The present certificate holds until {until}." if until else ""

    def _until(self) -> str:
        file = self._places.certificate(self._config.host)
        return f"{certificates.read(file)[0].not_valid_after_utc:%Y-%m-%d}" if file else ""

    def _watch(self, process: "subprocess.Popen[str]") -> None:
        """Take a newer certificate when somebody has put one into its place."""
        if self._config.certificate:
            threading.Thread(target=self._follow, args=(process,), daemon=True).start()

    def _follow(self, process: "subprocess.Popen[str]") -> None:
        config = self._config
        files = [file for file in (config.certificate, config.key) if file]
        known = _state(files)
        while process.poll() is None:
            time.sleep(config.pause)
            if (state := _state(files)) == known:
                continue
            known = state
            if fault := obstacles.of_files(config):
                self._tell(f"The new certificate is not taken: {fault} The former one is shown.")
            else:
                self._say("There is a new certificate.")
                process.terminate()


def _state(files: list[Path]) -> list[tuple[int, int]]:
    """What changes when a file is written, or another one takes its place; links are followed."""
    found = (file.stat() if file.exists() else None for file in files)
    return [(status.st_ino, status.st_mtime_ns) if status else (0, 0) for status in found]


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(config: Config, say: Say) -> None:
    """Keep Caddy running; a folder that cannot be written is said and tried again."""
    while True:
        try:
            Keeper(config, say).run()
        except (MachineError, OSError) as error:
            say(f"https cannot be kept up: {error}")
            time.sleep(config.pause)
