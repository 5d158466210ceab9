"""A web server, and a hub.yaml whose datasets come from it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from opendata_hub.cli import main
from opendata_hub.fetching import download, tidying
from tests.data.server import Server, serving

CATALOGUE = [{"slug": "a", "display_name": "A", "image": "quay.io/a/a:1", "default": True}]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of files, empty at first."""
    with serving() as started:
        yield started


@dataclass
class Hub:
    """A hub.yaml with datasets, and the command."""

    folder: Path

    def declare(self, **datasets: Any) -> None:
        """Write the datasets into hub.yaml."""
        content = {"images": CATALOGUE, "datasets": datasets}
        (self.folder / "hub.yaml").write_text(json.dumps(content))

    def data(self, *words: str) -> Result:
        """Run ``opendata-hub data`` with these words."""
        config = ["--config", str(self.folder / "hub.yaml")]
        return CliRunner().invoke(main, ["data", *words, *config])

    def path(self, name: str) -> Path:
        """Folder of a dataset that has no path."""
        return self.folder / "datasets" / name

    def seen(self, name: str) -> dict[str, bytes]:
        """What servers see of a dataset: path to content."""
        current = self.path(name) / "current"
        files = (path for path in sorted(current.rglob("*")) if path.is_file())
        return {str(path.relative_to(current)): path.read_bytes() for path in files}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub whose tries follow each other at once."""
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setattr(tidying, "SETTLED", 0.0)
    folder = tmp_path / "hub"
    folder.mkdir()
    return Hub(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder for a test that fills much of the disk; gone right after the test."""
    folder = tmp_path / "large"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)
