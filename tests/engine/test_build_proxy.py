"""The hub's proxy is installed from the package registries, Node.js and all."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from opendata_hub.machine import proxy


def test_a_proxy_is_installed_into_an_empty_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine without Node.js the command that comes back runs, with nothing on PATH."""
    venv.create(tmp_path, with_pip=True)
    site = next(tmp_path.glob("lib/python*/site-packages"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "path", [str(site), *(p for p in sys.path if "-packages" not in p)])
    monkeypatch.setenv("PATH", "/nowhere")

    command = proxy.ensure(lambda line: None)

    assert command == proxy.command() and all(str(tmp_path) in word for word in command)
    shown = subprocess.run([*command, "--version"], capture_output=True, check=True, env={})
    assert shown.stdout.startswith(b"5."), os.fsdecode(shown.stdout)
