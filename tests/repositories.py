"""A real git server, for links that bring course material; containers reach it."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from opendata_hub.engine import ensure_network
from tests import hubs, ports

NETWORK = "opendata-hub"


def door() -> str:
    """Address and port of the engine's host where there can be a server, as ``reach`` has them."""
    host = ensure_network(NETWORK, {"org.opendata-hub.role": "network"})
    return f"{host}:{ports.free_ports(1)[0]}"


@contextmanager
def serving(folder: Path, files: Mapping[str, str], door: str) -> Iterator[str]:
    """Serve a repository ``course`` with these files at a :func:`door`; yield its address."""
    _make(folder / "course", files)
    host, port = door.split(":")
    programs = subprocess.run(
        ["git", "--exec-path"], check=True, capture_output=True, text=True
    ).stdout.strip()
    command = [Path(programs, "git-daemon"), f"--listen={host}", f"--port={port}"]
    with subprocess.Popen([*command, "--export-all", f"--base-path={folder}", folder]) as server:
        try:
            address = f"git://{host}:{port}/course"
            hubs.wait_for(lambda: _answers(address), "the git server answers")
            yield address
        finally:
            server.terminate()


def _make(repository: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text, "utf-8")
    _git(repository, "init", "-q", "-b", "main")
    _git(repository, "add", ".")
    _git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "Write files")


def _git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=repository, check=True)


def _answers(address: str) -> bool:
    return subprocess.run(["git", "ls-remote", address], capture_output=True).returncode == 0
