"""Waiting: for a pull that is shared and seen, with a tab that may be closed."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests import stand_in
from tests.conftest import remove_image
from tests.hubs import RunningHub, Start, running_hub
from tests.proxies import Proxy, proxied
from tests.registries import Registry, registry

SIZE = 6_000_000  # bytes of the layer that is pulled
LINES = f"RUN head -c {SIZE} /dev/urandom > /lesson\n{stand_in.LINES}"
EXTRA = """
c.OpenDataSpawner.catalogue = [dict(slug="lesson", display_name="The lesson", image="{image}")]
c.Spawner.start_timeout = 8
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # a request is answered at once
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry."""
    with registry(tmp_path_factory.mktemp("registry")) as source:
        yield source


@pytest.fixture
def slow(source: Registry) -> Iterator[Proxy]:
    """The way to the registry, slow enough that the pull takes longer than a start may."""
    with proxied(source.port) as slow:
        slow.rate = SIZE / 11
        yield slow


@pytest.fixture
def hub(
    client: docker.APIClient,
    tmp_path: Path,
    source: Registry,
    slow: Proxy,
    build: Callable[..., str],
) -> Iterator[RunningHub]:
    """A hub whose one image is in the registry only."""
    name = f"lesson-{slow.port}:1"
    built = build(f"LABEL lesson={name}\n{LINES}", base=stand_in.BASE)
    source.push(client, built, name)
    client.remove_image(built)  # with its layers: nothing else has them
    image = f"localhost:{slow.port}/{name}"
    with running_hub(tmp_path, client, EXTRA.format(image=image)) as hub:
        yield hub
    remove_image(client, image)


def test_one_pull_serves_all_and_shows_its_bytes_and_does_not_count_as_start(
    hub: RunningHub, slow: Proxy, new_name: Callable[[str], str]
) -> None:
    """Two students wait for one download, see it move, and get in after more than start_timeout."""
    starts: dict[str, Start] = {}
    users = [hub.add_user(new_name("user")) for _ in range(2)]

    def start(user: str) -> None:
        starts[user] = hub.start(user)

    threads = [threading.Thread(target=start, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for user in users:
        assert starts[user].ok, starts[user]
        messages = [event["message"] for event in starts[user].events]
        shares = [int(share) for m in messages for share in re.findall(r"(\d+)% \(.* of 6", m)]
        assert len(set(shares)) > 3
        assert shares == sorted(shares)
        progress = [event["progress"] for event in starts[user].events]
        assert progress == sorted(progress)
        assert (
            "Waiting for your notebook server to answer" in messages or "Starting" in messages[-2]
        )
    assert SIZE < slow.served < 1.5 * SIZE


def test_closing_the_tab_changes_nothing(hub: RunningHub, new_name: Callable[[str], str]) -> None:
    """The start goes on without a listener; who comes back sees where it is, and lands in it."""
    user = hub.add_user(new_name("user"))
    assert hub.ask(user).status_code == 202
    with hub.api.stream("GET", f"/users/{user}/server/progress") as stream:
        next(line for line in stream.iter_lines() if "Downloading" in line)

    events = hub.follow(user)

    assert "Downloading" in events[1]["message"]
    assert events[-1]["ready"]
