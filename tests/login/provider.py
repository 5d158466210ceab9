"""A real provider of OpenID Connect on loopback: npm's oidc-provider, run by Node.js."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from opendata_hub.machine import proxy
from tests.hubs import PATIENCE, wait_for

PACKAGE = "oidc-provider@9.13.3"
SCRIPT = Path(__file__).with_name("provider.mjs")


def installed(cache: Path) -> Path:
    """Return the folder with the package, kept from run to run."""
    folder = cache / PACKAGE.replace("@", "-")
    mark = folder / ".installed"
    if not mark.exists():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        command = [*_npm(), "install", *quiet, "--prefix", folder, PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        mark.touch()
    return folder


def _node() -> str:
    """The Node.js that runs the proxy."""
    command = proxy.ensure(print)
    found = command[0] if len(command) > 1 else shutil.which("node")
    assert found, "Node.js is not installed; ./start brings it."
    return found


def _npm() -> list[str]:
    script = Path(_node()).resolve().parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    return [_node(), str(script)] if script.exists() else ["npm"]


class Provider:
    """The provider; ``accounts`` are claims by user, and may change while it runs."""

    def __init__(self, folder: Path, package: Path, port: int, callback: str) -> None:
        self.url = f"http://localhost:{port}"
        self._file, self._log = folder / "accounts.json", folder / "provider.log"
        told = {"folder": str(package), "port": port, "callback": callback}
        told["accounts"] = str(self._file)
        self._command = [_node(), str(SCRIPT), json.dumps(told)]
        self._process: subprocess.Popen[bytes] | None = None

    def know(self, accounts: dict[str, dict[str, Any]]) -> None:
        """Have these accounts, and no others."""
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(accounts))
        draft.replace(self._file)

    def run(self) -> None:
        """Start it unless it runs, and wait until it answers. It has forgotten all sessions."""
        if self._process:
            return
        self._log.write_text("")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_for(lambda: "listening" in self.log, f"the provider listens; {self.log}")

    def end(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text("utf-8", "replace")
