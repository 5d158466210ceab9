"""What the service is told by whoever starts it."""

import json
import os
from pathlib import Path
from typing import Any

from pydantic import Field

from opendata_hub import catalogue as catalogues
from opendata_hub.catalogue import Catalogue
from opendata_hub.errors import ConfigError
from opendata_hub.fields import Model, check
from opendata_hub.machine.access import Access
from opendata_hub.registries import Login
from opendata_hub.site import Site

VARIABLE = "OPENDATA_HUB_IMAGES"
"""Environment variable with the configuration as JSON: other users of the machine can read a
command line, but not this."""


class Config(Model):
    """The catalogue, and how to have it ready."""

    catalogue: Path | list[Any] = Field(description="Path of a catalogue's file, or the list.")
    folder: Path = Field(Path(), description="Where the recipes of a list are.")
    lock: Path | None = Field(None, description="The lock, if it is not beside the catalogue.")
    check_every: float = Field(
        12 * 3600, gt=0, description="Seconds between two looks at an image that is here."
    )
    watermark: float = Field(
        0.85, ge=0, le=1, description="Share of the engine's disk above which images may go."
    )
    registries: dict[str, Login] = Field({}, description="Logins by registry host.")
    site: Site = Field(default_factory=Site, description="The way out.")
    bundle: Path | None = Field(None, description="Authorities of the machine and of the site.")

    @property
    def access(self) -> Access:
        """What pulls and builds need to get out."""
        return Access(self.site, self.registries, self.bundle)

    def images(self) -> Catalogue:
        """
        Read the catalogue as it is now.

        Raises:
            ConfigError: its file or an entry is wrong.
        """
        return catalogues.load(self.catalogue, "images", self.folder, self.lock)


def from_environment() -> Config:
    """
    Read what :data:`VARIABLE` holds.

    Raises:
        ConfigError: it is not set, or wrong.
    """
    try:
        raw = json.loads(os.environ[VARIABLE])
    except (KeyError, ValueError):
        raise ConfigError(
            f"The environment variable {VARIABLE} holds no JSON; the hub sets it where its "
            "configuration calls opendata_hub.services.images.add."
        ) from None
    return check(Config, raw, VARIABLE)
