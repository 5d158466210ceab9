"""One hub for the tests of this tier that do not restart it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.conftest import STARTER
from tests.hubs import RunningHub, running_hub

EXTRA = f"""
c.OpenDataSpawner.catalogue = [
    dict(slug="starter", display_name="Starter", image="{STARTER}", default=True),
    dict(slug="small", display_name="Small", image="{STARTER}", memory="512M", cpu=0.5,
         environment={{{{"COURSE": "physics"}}}}, default_url="/lab/tree/small.txt"),
    dict(slug="staff", display_name="Staff only", image="{STARTER}", groups=["staff"]),
]
c.OpenDataSpawner.custom_image = "(localhost:[0-9]+/.*|opendata-hub/.*)"
c.OpenDataSpawner.welcome = "{{welcome}}"
c.OpenDataSpawner.datasets = {{datasets!r}}
c.DockerSpawner.mem_limit = "1G"
c.Spawner.start_timeout = 20
"""


@pytest.fixture(scope="module")
def hub(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub with three entries, own images from loopback, two datasets and a welcome file."""
    folder = tmp_path_factory.mktemp("hub")
    for name in ("open", "secret", "welcome"):
        (folder / name).mkdir(mode=0o755)
        (folder / name / f"{name}.txt").write_text(f"this is {name}")
    datasets = {
        "open": str(folder / "open"),
        "secret": {"path": str(folder / "secret"), "groups": ["staff"]},
    }
    _let_in(folder)
    extra = EXTRA.format(welcome=folder / "welcome", datasets=datasets)
    with running_hub(folder, client, extra) as hub:
        yield hub


def _let_in(folder: Path) -> None:
    """Let the engine's users through pytest's private folders to the datasets."""
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)


@pytest.fixture
def user(hub: RunningHub, new_name: Callable[[str], str]) -> str:
    """A new user."""
    return hub.add_user(new_name("user"))
