"""One hub for the tests of this tier that do not restart it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.conftest import STARTER
from tests.hubs import RunningHub, running_hub

EXTRA = """
from opendata_hub.lessons import HANDLERS
c.JupyterHub.extra_handlers = HANDLERS
c.OpenDataSpawner.catalogue = [
    dict(slug="starter", display_name="Starter", image="{image}", default=True),
    dict(slug="small", display_name="Small", image="{image}", memory="512M", cpu=1.5,
         environment={{"COURSE": "physics"}}, default_url="/lab/tree/small.txt"),
    dict(slug="staff", display_name="Staff only", image="{image}", groups=["staff"]),
]
c.OpenDataSpawner.custom_image = "(localhost:[0-9]+/.*|opendata-hub/.*)"
c.OpenDataSpawner.welcome = "{welcome}"
c.OpenDataSpawner.datasets = {datasets!r}
c.DockerSpawner.mem_limit = "1G"
"""


@pytest.fixture(scope="module")
def image() -> str:
    """What all entries of the hub start; a module whose tests open no notebook has another."""
    return STARTER


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, image: str
) -> Iterator[RunningHub]:
    """A hub with three entries, own images from loopback, datasets and a welcome file."""
    folder = tmp_path_factory.mktemp("hub")
    for name in ("open", "secret", "welcome"):
        (folder / name).mkdir(mode=0o755)
        (folder / name / f"{name}.txt").write_text(f"this is {name}")
    datasets = {
        "open": str(folder / "open"),
        "secret": {"path": str(folder / "secret"), "groups": ["staff"]},
        "late": {"path": str(folder / "late"), "groups": ["late"], "fetched": True},
    }
    _let_in(folder)
    extra = EXTRA.format(welcome=folder / "welcome", datasets=datasets, image=image)
    with running_hub(folder, client, extra) as hub:
        yield hub


def _let_in(folder: Path) -> None:
    """Let the engine's users through pytest's private folders to the datasets."""
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)


@pytest.fixture
def user(hub: RunningHub, new_name: Callable[[str], str]) -> str:
    """A new user."""
    return hub.add_user(new_name("user"))
