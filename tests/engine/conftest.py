"""A registry, the way to it, and containers that go away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from opendata_hub.engine import Engine, PullProgress
from tests.conftest import STARTER, remove_image
from tests.engine.islands import Island, island
from tests.hubs import PATIENCE
from tests.proxies import Proxy, proxied
from tests.registries import Pushed, Registry, registry

SOCKET = Path("/var/run/docker.sock")
LABEL = "org.opendata-hub.test=engine"
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, lambda *_: print("asked to stop", flush=True))
print("ready", flush=True)
while True:
    signal.pause()
"""

Run = Callable[..., str]
Push = Callable[..., Pushed]


async def until(true: Callable[[], Any], what: str) -> None:
    """Wait until this is true, while the loop goes on."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"after {PATIENCE:.0f} s still not: {what}"
        await asyncio.sleep(0.02)


async def prints(engine: Engine, name: str, words: str) -> dict[str, Any]:
    """Wait until a container has printed this; return its facts, which say that it runs."""
    end = time.monotonic() + PATIENCE
    while words not in (lines := await engine.last_lines(name)):
        assert time.monotonic() < end, f"{name} never printed {words!r}, but:\n{lines}"
    container = await engine.container(name)
    assert container is not None and container["State"]["Running"], lines
    return container


async def all_of(pull: AsyncIterator[PullProgress]) -> list[PullProgress]:
    """Follow a pull to its end."""
    return [progress async for progress in pull]


@pytest.fixture
def engine(client: docker.APIClient) -> Engine:
    """The engine of this machine."""
    return Engine(client)


@pytest.fixture
def line() -> Iterator[Proxy]:
    """The way to the engine of this machine, in the test's hand."""
    with proxied(SOCKET) as line:
        yield line


@pytest.fixture
def far_engine(line: Proxy) -> Iterator[Engine]:
    """The engine of this machine at the other end of ``line``."""
    client = docker.APIClient(f"tcp://127.0.0.1:{line.port}", version="1.41", timeout=10)
    yield Engine(client)
    client.close()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry."""
    with registry(tmp_path_factory.mktemp("registry")) as source:
        yield source


@pytest.fixture
def road(source: Registry) -> Iterator[Proxy]:
    """The way to the registry, in the test's hand."""
    with proxied(source.port) as road:
        yield road


@pytest.fixture
def push(
    client: docker.APIClient, source: Registry, road: Proxy, new_name: Callable[[str], str]
) -> Iterator[Push]:
    """Puts an image of random bytes in the registry; what was pulled of it is removed."""
    pushed: list[Pushed] = []

    def push(*layers: int | bytes) -> Pushed:
        pushed.append(source.push_random(f"{new_name('lesson')}:1", layers))
        return pushed[-1]

    yield push
    for image in pushed:
        for reference in (image.at(road.port), image.digest_at(road.port)):
            remove_image(client, reference)


@pytest.fixture(scope="session")
def own_island(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    """An engine of the tests' own, with a registry."""
    with island(tmp_path_factory.mktemp("island")) as own:
        yield own


@pytest.fixture
def bare(own_island: Island, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Island]:
    """The same without any image, and a working directory without any hub.yaml."""
    monkeypatch.chdir(tmp_path)
    yield own_island
    own_island.clear()


@pytest.fixture
def make(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[Run]:
    """Creates containers of a Python program, not started; they are removed in the end."""
    made: list[str] = []

    def make(program: str, **options: Any) -> str:
        host = client.create_host_config(**options.pop("host", {}))
        made.append(new_name("engine-test"))
        client.create_container(
            STARTER, ["python3", "-c", program], name=made[-1], host_config=host,
            labels=dict(one.split("=") for one in (LABEL, *options.pop("labels", ()))), **options,
        )  # fmt: skip
        return made[-1]

    yield make
    for name in made:
        with suppress(docker.errors.NotFound):
            client.remove_container(name, force=True, v=True)


@pytest.fixture
def run(client: docker.APIClient, make: Run) -> Run:
    """Starts containers of a Python program; they are removed in the end."""

    def run(program: str, **options: Any) -> str:
        name = make(program, **options)
        client.start(name)
        return name

    return run
