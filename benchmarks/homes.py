"""
Many homes: how long it takes to keep them all as they are, and to save them.

``python -m benchmarks.homes`` makes a disk of btrfs with 200 homes of 1,000 files each, and runs
the commands that a hub's operator runs. It takes some minutes, and root.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import docker
from rich.progress import track

from opendata_hub.engine import Engine
from opendata_hub.homes import GID, UID
from opendata_hub.storage import Storage, open_storage
from tests.disks import btrfs_disk

_COMMAND = Path(sys.executable).with_name("opendata-hub")
_SIZE = 2000  # bytes of a file
_PER_FOLDER = 100


def main() -> None:
    """Measure, and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as name, btrfs_disk(Path(name), "20G") as disk:
        folder, places = Path(name), disk / "homes"
        places.mkdir()
        (folder / "hub.yaml").write_text(f"homes: {{storage: btrfs, path: {places}}}\n")
        storage = open_storage(Engine(docker.APIClient()), "btrfs", places)
        users = [f"student{number}" for number in range(options.homes)]
        for user in track(users, "Making homes"):
            _make(storage, user, options.files)
        _measure(folder, storage, users)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=200, help="default: 200")
    parser.add_argument("--files", type=int, default=1000, help="in each; default: 1000")
    return parser.parse_args()


def _make(storage: Storage, user: str, files: int) -> None:
    asyncio.run(storage.make(user))
    home = asyncio.run(storage.folder(user))
    for number in range(files):
        folder = home / f"folder{number // _PER_FOLDER}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(f"{user} {number} ".ljust(_SIZE, "x"))
    subprocess.run(["chown", "--recursive", f"{UID}:{GID}", str(home)], check=True)


def _measure(folder: Path, storage: Storage, users: list[str]) -> None:
    hub, vault = ["--config", folder / "hub.yaml"], folder / "vault"
    _time("all homes kept as they are", "homes", "snapshot", *hub)
    _time("again, nothing changed", "homes", "snapshot", *hub)
    _time("first backup", "backup", vault, *hub)
    _time("again, nothing changed", "backup", vault, *hub)
    for user in users:
        (asyncio.run(storage.folder(user)) / "new.txt").write_text(user)
    _time("again, a new file in each home", "backup", vault, *hub)
    _time("all of it verified", "backup", "--verify", vault, *hub)


def _time(what: str, *command: object) -> None:
    subprocess.run(["sync"], check=True)
    began = time.monotonic()
    done = subprocess.run(
        [_COMMAND, *map(str, command)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"{what}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
