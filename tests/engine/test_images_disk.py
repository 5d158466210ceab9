"""The images service on a disk that fills: an engine of its own, on a small loop-mounted one."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from opendata_hub.engine import Puller, pull
from opendata_hub.services.images.disk import Disk
from opendata_hub.services.images.shelf import State
from tests.engine.conftest import until
from tests.engine.hub_api import HubApi, hub_api
from tests.engine.keeping import Keeping, shorten_pauses, stands
from tests.engine.own_engines import OwnEngine, own_engine
from tests.ports import free_ports
from tests.registries import registry

MB = 10**6
SIZE = 6 * MB
NAMES = ("named", "first", "second", "used", "third")


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HubApi]:
    """The students, as a hub tells of them."""
    shorten_pauses(monkeypatch)
    async with hub_api() as hub:
        yield hub


class Small:
    """An engine on a small disk, with a registry that has an image of each name and `foreign`."""

    def __init__(self, own: OwnEngine, port: int, client: docker.DockerClient) -> None:
        self.own, self.port, self.client = own, port, client

    def at(self, name: str) -> str:
        """Reference of an image in the registry."""
        return f"localhost:{self.port}/{name}:1"

    @property
    def has(self) -> set[str]:
        """Names of the images that are here."""
        names = {name: self.at(name) for name in (*NAMES, "foreign")}
        tags = {tag for image in self.client.images.list() for tag in image.tags}
        return {name for name, reference in names.items() if reference in tags}

    def fill(self) -> None:
        """Bring the images: all but `foreign` through us, and a container uses one of them."""
        for name in NAMES:
            for _ in pull(self.client.api, self.at(name)):
                pass
        self.client.images.pull(self.at("foreign"))
        self.client.api.create_container(self.at("used"), ["nothing"])


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """An engine on an ext4 disk of 160 MB, with images on it."""
    (port,) = free_ports(1)
    with registry(tmp_path) as source:
        for name in (*NAMES, "foreign"):
            source.push_random(f"{name}:1", [SIZE])
    with (
        own_engine(tmp_path, disk="160m", filesystem="ext4") as own,
        registry(tmp_path, within=own.within, port=port),
        closing(docker.DockerClient(own.url, version="auto")) as client,
    ):
        small = Small(own, port, client)
        small.fill()
        yield small


async def test_images_that_nothing_needs_go_while_the_disk_is_above_its_watermark(
    small: Small, hub: HubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Oldest first, until it is below; never one that is named, used, foreign, or awaited.

    A student waits for the oldest: no container uses it yet.
    """
    monkeypatch.setenv("DOCKER_HOST", small.own.url)
    hub.starting = [{"custom_image": small.at("first")}]
    usage = shutil.disk_usage(small.own.disk)
    half_an_image = SIZE / 2 / (usage.used + usage.free)
    one_too_many = Disk(small.own.disk, Disk(small.own.disk, 1).used - half_an_image)
    entry = {"slug": "lesson", "image": small.at("named")}
    with closing(Puller(small.client.api, 60)) as puller:
        keep = Keeping(hub, (small.client, puller), one_too_many)
        async with keep(entry) as keeper:
            await stands(keeper, "lesson", State.PRESENT)
            await until(lambda: not one_too_many.is_too_full(), "there is room")
            await until(lambda: keeper.counts["removed"] == 1, "one was removed")
            assert small.has == {"named", "first", "used", "third", "foreign"}

        hub.starting = []
        keep.disk = Disk(small.own.disk, 0.0)
        async with keep(entry) as keeper:
            await until(lambda: keeper.counts["removed"] == 2, "all has gone that may go")
            assert small.has == {"named", "used", "foreign"}
            assert keeper.shelf.entries["lesson"].state is State.PRESENT
