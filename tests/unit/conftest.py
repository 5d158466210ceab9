"""What unit tests share."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No engine answers: all requests go to a socket that is not there."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    yield
    with warnings.catch_warnings():
        # docker-py leaves the socket to the garbage collector when it cannot connect.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
