"""Memory that servers are promised: who waits for it, who is told that there is none."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests import stand_in
from tests.hubs import RunningHub, Start, running_hub, wait_for

# Other tests' servers on this engine count as well; three tenths are for them.
EXTRA = """
c.OpenDataSpawner.catalogue = [
    dict(slug="one", display_name="One", image="{image}", default=True),
    dict(slug="huge", display_name="Huge", image="{image}", groups=["huge"]),
]
c.OpenDataSpawner.start_reserve = {reserve}
c.OpenDataSpawner.start_patience = {patience}
c.Spawner.mem_guarantee = {guarantee}
c.Spawner.group_overrides = {{
    "huge": {{"groups": ["huge"], "spawner_override": {{"mem_guarantee": {total}}}}}
}}
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
"""
FULL = "The memory of this machine is taken by those who work now. You are number 1 in line"


@pytest.fixture(scope="module")
def image(build: Callable[..., str]) -> str:
    """One whose server is up at once."""
    return build(stand_in.LINES, base=stand_in.BASE)


def _config(client: docker.APIClient, image: str, patience: float) -> str:
    total = client.info()["MemTotal"]
    return EXTRA.format(
        image=image,
        reserve=total * 3 // 10,
        guarantee=total * 4 // 10,
        total=total,
        patience=patience,
    )


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, image: str
) -> Iterator[RunningHub]:
    """A hub whose machine has memory for one server."""
    folder = tmp_path_factory.mktemp("capacity")
    with running_hub(folder, client, _config(client, image, 600)) as hub:
        yield hub


def test_who_finds_no_memory_waits_until_somebody_stops(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """The reason is on the page, and the place; when the other one leaves, the server comes up."""
    first, second = (hub.add_user(new_name("memory")) for _ in range(2))
    assert hub.start(first).ok
    started: list[Start] = []
    waiting = threading.Thread(target=lambda: started.append(hub.start(second)))
    waiting.start()
    wait_for(lambda: hub.servers(second), "the second one is in line")
    with hub.api.stream("GET", f"/users/{second}/server/progress") as stream:
        next(line for line in stream.iter_lines() if FULL in line)
    hub.stop(first)
    waiting.join()
    assert started[0].ok, started
    hub.stop(second)


def test_a_promise_that_can_never_be_kept_is_told_at_once(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Nobody waits for a machine to grow."""
    start = hub.start(hub.add_user(new_name("memory"), "huge"))
    assert not start.ok
    assert "of memory, which this machine does not have" in start.message


def test_who_has_waited_long_enough_is_told(
    client: docker.APIClient, tmp_path: Path, image: str, new_name: Callable[[str], str]
) -> None:
    """The place is given on, and the sentence says what to do."""
    with running_hub(tmp_path, client, _config(client, image, 1)) as hub:
        first, second = (hub.add_user(new_name("memory")) for _ in range(2))
        assert hub.start(first).ok
        start = hub.start(second)
        assert not start.ok
        assert "Try again when somebody has stopped theirs" in start.message
        hub.stop(first)
        assert hub.start(second).ok
