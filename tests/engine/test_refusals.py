"""An engine that cannot be asked is told from one that says no."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import StreamParseError

from opendata_hub.engine import Engine, ensure_network, translated
from opendata_hub.errors import EngineError, EngineUnreachable
from tests.engine.conftest import all_of

# Of the library, which leaves the socket open where it cannot connect.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[str]:
    """Address of an engine that is not there."""
    yield f"unix://{tmp_path}/docker.sock"
    gc.collect()  # the open sockets, while they are forgiven


async def test_an_engine_that_is_not_there(nowhere: str) -> None:
    """Every verb says so, and what to do."""
    client = docker.APIClient(nowhere, version="1.41")
    with pytest.raises(EngineUnreachable, match="sudo systemctl start docker"):
        await Engine(client).container("anybody")
    client.close()


def test_a_new_client_of_an_engine_that_is_not_there(nowhere: str) -> None:
    """The library's own error for a client that cannot ask for the version is no other case."""
    with pytest.raises(EngineUnreachable), translated():
        docker.APIClient(nowhere, version="auto")


def test_a_network_on_an_engine_that_is_not_there(
    nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's configuration ends with the sentence, not with a traceback of the library."""
    monkeypatch.setenv("DOCKER_HOST", nowhere)

    with pytest.raises(EngineUnreachable, match="does not answer"):
        ensure_network("any", {})


async def test_a_login_helper_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault on this side of the engine is not called its silence."""
    (tmp_path / "config.json").write_text('{"credHelpers": {"localhost:5000": "locked"}}')
    helper = tmp_path / "docker-credential-locked"
    helper.write_text("#!/bin/sh\necho the key ring is locked; exit 1\n")
    helper.chmod(0o755)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    client = docker.APIClient(version="1.41")

    with pytest.raises(EngineError, match="the key ring is locked") as failed:
        await all_of(Engine(client).pull("localhost:5000/lesson:1"))

    assert type(failed.value) is EngineError
    client.close()


def test_an_answer_that_ends_within_a_word() -> None:
    """The library's error for half an event, which is a RuntimeError, means a lost engine."""
    with pytest.raises(EngineUnreachable), translated():
        raise StreamParseError("half an eve")
