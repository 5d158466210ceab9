"""A newer image of the same name: it is for servers that start, not for those that run."""

import io
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from tests import stand_in
from tests.hubs import RunningHub, running_hub

NAME = f"opendata-hub/test-upgrade-{secrets.token_hex(4)}:1"

EXTRA = f"""
c.OpenDataSpawner.catalogue = [
    dict(slug="one", display_name="One", image="{NAME}", default=True)
]
"""


@pytest.fixture(scope="module")
def build(client: docker.APIClient) -> Iterator[Callable[[], str]]:
    """Builds the next image of that name, and returns its id; all are removed in the end."""
    made: list[str] = []

    def make() -> str:
        lines = f"FROM {stand_in.BASE}\nLABEL number={NAME}-{len(made)}\n{stand_in.LINES}"
        for event in client.build(fileobj=io.BytesIO(lines.encode()), tag=NAME, decode=True):
            assert "error" not in event, event
        made.append(client.inspect_image(NAME)["Id"])
        return made[-1]

    yield make
    for image in made:
        try:
            client.remove_image(image, force=True)
        except ImageNotFound:
            continue


def test_a_server_of_the_old_image_runs_on(
    client: docker.APIClient,
    tmp_path: Path,
    build: Callable[[], str],
    new_name: Callable[[str], str],
) -> None:
    """Also over a restart of the hub; the next start has the new one, and the same files."""
    first = build()
    with running_hub(tmp_path, client, EXTRA) as hub:
        user = hub.add_user(new_name("user"))
        assert hub.start(user).ok
        before = hub.container(user)
        write(hub, user, "work")

        second = build()
        hub.end()
        hub.run()

        assert hub.servers(user)[""]["ready"]
        assert hub.api.get(f"{hub.url}/user/{user}/").is_success
        assert (hub.container(user)["Id"], before["Image"]) == (before["Id"], first)
        hub.stop(user)
        assert hub.start(user).ok
        assert hub.container(user)["Image"] == second != first
        assert home(hub, user) == "work\n"


def write(hub: RunningHub, user: str, text: str) -> None:
    """Have a file in the home."""
    told(hub, user, f"echo {text} > ~/file")


def home(hub: RunningHub, user: str) -> str:
    """What is in that file."""
    return told(hub, user, "cat ~/file")


def told(hub: RunningHub, user: str, line: str) -> str:
    """Run a line of shell in a user's server."""
    job = hub.client.exec_create(hub.container(user)["Id"], ["sh", "-c", line])
    output: bytes = hub.client.exec_start(job["Id"])
    assert hub.client.exec_inspect(job["Id"])["ExitCode"] == 0, output
    return output.decode()
