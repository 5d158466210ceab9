"""A locked catalogue in a hub that runs: what starts is what the lock says, from a file too."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from opendata_hub import locks
from opendata_hub.catalogue import BY_DIGEST
from tests.conftest import STARTER
from tests.hubs import RunningHub, running_hub

REFERENCE = "localhost:1/lesson:1"  # where no registry is
EXTRA = """
c.OpenDataSpawner.catalogue = "{catalogue}"
c.Spawner.start_timeout = 30
"""


@pytest.fixture
def hub(client: docker.APIClient, tmp_path: Path) -> Iterator[RunningHub]:
    """A hub with one image, of a registry that does not answer."""
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"- {{slug: lesson, display_name: Lesson, image: '{REFERENCE}'}}\n")
    with running_hub(tmp_path, client, EXTRA.format(catalogue=catalogue)) as hub:
        yield hub


@pytest.fixture
def digest(client: docker.APIClient) -> Iterator[str]:
    """A digest of which the engine has the image as `images load` leaves it."""
    digits = secrets.token_hex(32)
    client.tag(STARTER, BY_DIGEST, digits)
    yield f"sha256:{digits}"
    client.remove_image(f"{BY_DIGEST}:{digits}", noprune=True)


def test_a_lock_that_comes_while_the_hub_runs_counts_at_once(
    hub: RunningHub, client: docker.APIClient, digest: str, new_name: Callable[[str], str]
) -> None:
    """Before it the image cannot be had; after it, what was loaded under that digest starts."""
    user = hub.add_user(new_name("user"))
    assert "cannot be reached" in hub.start(user).message

    lock = locks.Lock(images={REFERENCE: locks.Pin(digest=digest)})
    locks.write(hub.folder / "catalogue.lock", lock)

    assert hub.start(user).ok
    container = hub.container(user)
    assert container["Image"] == client.inspect_image(STARTER)["Id"]
    assert container["Config"]["Image"] == f"{BY_DIGEST}:{digest.removeprefix('sha256:')}"
    assert "On this server" in hub.page(user, f"/hub/spawn/{user}/other")
