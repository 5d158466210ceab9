"""What the hub that runs has read: whether another start of it would read something else."""

import hashlib
import json
import sys
from pathlib import Path

from opendata_hub import places
from opendata_hub.settings import Settings
from opendata_hub.settings.naming import named


def mark(settings: Settings, config: Path | None, program: Path | None = None) -> str:
    """
    SHA-256 over what a hub reads when it starts: its program, hub.yaml and the files it names.

    Folders do not count: recipes and welcome are read when they are needed.

    Args:
        program: environment of the hub; this one's unless given.
    """
    digest = hashlib.sha256(str((program or Path(sys.prefix)).resolve()).encode())
    for path in named(settings, config):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).digest()
            digest.update(b"\0".join((str(path).encode(), content)))
    return digest.hexdigest()


def note(mark: str) -> None:
    """Write down what the hub that is up now has read."""
    _file().write_text(json.dumps({"mark": mark}), "utf-8")


def noted() -> str:
    """Return what the last hub that came up since the boot had read; empty without any."""
    try:
        return str(json.loads(_file().read_text("utf-8"))["mark"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _file() -> Path:
    return places.RUN / "running.json"
