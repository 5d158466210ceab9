"""An engine of the tests' own with a registry beside it, and the command line on them."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import docker
from click.testing import CliRunner, Result

from opendata_hub.cli import main
from tests.engine.own_engines import OwnEngine, own_engine
from tests.ports import free_ports
from tests.registries import Pushed, Registry, registry


@dataclass(frozen=True)
class Island:
    """An engine on which nothing is but what a test puts there."""

    own: OwnEngine
    client: docker.DockerClient
    source: Registry
    """Where tests put images in, from outside."""
    port: int
    """Where the engine finds them, on its own loopback."""

    def put(self, name: str, *layers: int) -> Pushed:
        """Put an image of random bytes into the registry, under a name such as "lesson:1"."""
        return self.source.push_random(name, layers)

    def at(self, name: str) -> str:
        """Reference of a name in the registry, as the engine has to be asked for it."""
        return f"localhost:{self.port}/{name}"

    def images(self, *arguments: str, answer: str = "") -> Result:
        """Run ``opendata-hub images`` on this engine."""
        with mock.patch.dict(os.environ, DOCKER_HOST=self.own.url):
            result = CliRunner().invoke(
                main, ["images", *arguments], input=answer, catch_exceptions=False
            )
        print(result.output)
        return result

    def has(self, reference: str) -> bool:
        """Whether the engine has an image of this name."""
        return any(
            reference in (*image.tags, *image.attrs["RepoDigests"])
            for image in self.client.images.list()
        )

    def clear(self) -> None:
        """Remove everything."""
        for container in self.client.containers.list(all=True):
            container.remove(force=True)
        while images := self.client.images.list(all=True):
            for image in images:
                if not any(other.attrs["Parent"] == image.id for other in images):
                    self.client.images.remove(image.id, force=True)


@contextmanager
def island(folder: Path) -> Iterator[Island]:
    """Run an engine, and two registries on the same images: one outside, one on its loopback."""
    (port,) = free_ports(1)
    with (
        own_engine(folder, disk="512m") as own,
        registry(folder) as source,
        registry(folder, within=own.within, port=port),
        closing(docker.DockerClient(own.url, version="auto")) as client,
    ):
        yield Island(own, client, source, port)
