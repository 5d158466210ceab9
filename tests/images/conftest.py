"""The images of the catalogue, built as `opendata-hub images build` does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from opendata_hub import catalogue
from opendata_hub.machine import daemon, recipes

ROOT = Path(__file__).parents[2]
COLLECTION = catalogue.load(ROOT / "images" / "catalogue.yaml")
BUILT = {image.slug: image for image in COLLECTION.images if image.build}


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine."""
    client = daemon.connect()
    yield client
    client.close()


@pytest.fixture(scope="session")
def built(engine: docker.DockerClient) -> Callable[[str], catalogue.Image]:
    """Gives an entry of the collection, once its image is there as its recipe says."""

    def build(slug: str) -> catalogue.Image:
        image = BUILT[slug]
        assert image.build
        recipes.build(engine, image.build, image.image, print)
        return image

    return build
