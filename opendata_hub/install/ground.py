"""What a hub needs of its machine, as hub.yaml says: engine, proxy, programs and images."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker

from opendata_hub import places
from opendata_hub.bundle import Bundle
from opendata_hub.catalogue import Image, default_of
from opendata_hub.errors import EngineUnreachable
from opendata_hub.machine import (
    Say,
    caddy,
    certs,
    daemon,
    debian,
    images,
    preview,
    proxy,
    recipes,
)
from opendata_hub.machine.access import Access
from opendata_hub.machine.network import nft
from opendata_hub.settings import Settings


@dataclass(frozen=True)
class Step:
    """One thing that is brought where it is missing."""

    name: str
    do: Callable[[Say], object]


class Ground:
    """
    The machine under a hub.

    Args:
        way: how downloads get out of the site.
        bundle: what came as a file, in the internet's place.
    """

    def __init__(self, settings: Settings, way: Access, bundle: Bundle | None = None) -> None:
        self._settings, self._way, self._bundle = settings, way, bundle
        self._client: docker.DockerClient | None = None

    def steps(self) -> list[Step]:
        """Return all of them, in their order."""
        needed = self._settings
        wanted = {
            "Container engine": (True, self.engine),
            "Images and datasets of the bundle": (self._bundle is not None, self._unpack),
            "Proxy of the hub": (True, proxy.ensure),
            "Firewall": (needed.network.isolate, nft.ensure),
            "Web server for https": (needed.hub.is_https, caddy.ensure),
            "Images": (True, self._images),
        }
        return [Step(name, do) for name, (is_needed, do) in wanted.items() if is_needed]

    def engine(self, say: Say) -> None:
        """
        Have an engine that answers.

        Raises:
            EngineUnreachable: there is none, and none can be installed or started from here.
        """
        self._client = daemon.ensure(say, self._way.of_engine)

    def _unpack(self, say: Say) -> None:
        if self._bundle:
            self._bundle.load_images(self._connected(), say)
            self._bundle.bring_datasets(self._settings.datasets, say)

    def _images(self, say: Say) -> None:
        client, settings = self._connected(), self._settings
        certs.ensure(self._way.site.ca_bundle, settings.hosts, say)
        images.ensure(client, settings.catalogue, say, self._way)
        lost = images.unbuilt(client, settings.catalogue)
        tell_of_others(lost, settings.pulling.enabled, say)

    def bases(self, say: Say) -> None:
        """Make what recipes stand on: a hub that runs as a service cannot, for lack of rights."""
        client, images = self._connected(), self._settings.catalogue.images
        built = [image.build for image in images if image.is_local and image.build]
        names = {name for recipe in built for name in recipes.foundations(recipe)}
        for name in sorted(names):
            repository, _, suite = name.partition(":")
            if repository == debian.REPOSITORY:
                debian.ensure(client, suite, say, self._way)

    def _connected(self) -> docker.DockerClient:
        self._client = self._client or daemon.connect()
        return self._client


def set_up(settings: Settings, way: Access, say: Say, may_preview: bool) -> bool:
    """
    Make this machine ready.

    Args:
        may_preview: without an engine, make it ready for a preview instead of raising.

    Returns:
        bool: whether servers are containers; else this is a preview.
    """
    ground = Ground(settings, way)
    with way.taken():
        try:
            ground.engine(say)
        except EngineUnreachable as error:
            if not may_preview:
                raise
            say(f"{error}\nUntil then this is a preview: servers run as processes of this machine.")
            proxy.ensure(say)
            preview.ensure(_recipes(settings), say)
            return False
        for step in ground.steps()[1:]:
            step.do(say)
    return True


def tell_of_others(unbuilt: list[Image], by_service: bool, say: Say) -> None:
    """Say which images are not there yet, and who brings them."""
    if unbuilt:
        say(f"Not built, or not as their recipes say: {', '.join(i.slug for i in unbuilt)}")
        by_hand = f"{Path(sys.executable).with_name('opendata-hub')} images build"
        say(
            f"The hub builds them while it runs; to have them before: {by_hand}"
            if by_service
            else f"To build them: {by_hand}"
        )


def _recipes(settings: Settings) -> list[Path]:
    """Recipe folders whose Python packages the preview needs: the base, and the default image."""
    default = default_of(settings.catalogue.images)
    base = places.ASSETS / "images" / "base"
    return [base, *([default.build] if default and default.build else [])]
