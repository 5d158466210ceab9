"""A whole class presses Start at the same moment, on a hub as people run it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from tests import stand_in
from tests.browser.product import ProductHub
from tests.hubs import run

CLASS = 105
"""More than the hub's own limit of starts at a time, where nobody sets another one."""


@pytest.fixture
def hub(
    client: docker.APIClient, tmp_path: Path, build: Callable[..., str]
) -> Iterator[ProductHub]:
    """A hub of hub.yaml, on which no start ever ends; a request is answered at once."""
    gated = build(f"{stand_in.GATE}{stand_in.LINES}", base=stand_in.BASE)
    images = [{"slug": "gated", "display_name": "Gated", "image": gated}]
    hub = ProductHub(tmp_path, client, {"images": images, "start": {"slots": 1}})
    with hub.config.open("a") as config:
        config.write('c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}\n')
    with run(hub):
        yield hub


def test_nobody_is_told_to_come_back_later(hub: ProductHub, new_name: Callable[[str], str]) -> None:
    """All are in line: no 429, however many."""
    names = [new_name("crowd") for _ in range(CLASS)]
    hub.users |= set(names)
    hub.api.post("/users", json={"usernames": names}).raise_for_status()

    with ThreadPoolExecutor(20) as browsers:
        answers = list(browsers.map(hub.ask, names))

    assert {answer.status_code for answer in answers} == {202}
