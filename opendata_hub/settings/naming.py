"""hub.yaml -> the files and folders that it names."""

from collections.abc import Iterator
from pathlib import Path

from opendata_hub.machine import recipes
from opendata_hub.settings.model import HubFile, Settings


def named(settings: Settings, config: Path | None) -> list[Path]:
    """
    Return all that is named, but for datasets, homes and recipes; absolute, there or not.

    Args:
        config: the file that the settings were read from, if from any.
    """
    found = [config, settings.folder / "jupyterhub_config.py", settings.lock]
    if isinstance(settings.images, Path):
        found.append(settings.images)
    found += [settings.folder / path.expanduser() for path in beside(settings)]
    return [path.absolute() for path in found if path]


def beside(file: HubFile) -> Iterator[Path]:
    """Yield the small files and folders that its keys name, the catalogue aside, as they do."""
    https = file.https
    found = [
        file.homes.welcome,
        file.site.ca_bundle,
        *(https.certificate, https.key, https.authority_ca),
        file.login.client_secret_file,
        *(entry.password_file for entry in file.registries.values()),
        *(entry.roster for entry in file.classes),
    ]
    yield from filter(None, found)


def recipe_folders(settings: Settings) -> Iterator[Path]:
    """
    Yield the recipes of the catalogue's images, with those that they stand on.

    Raises:
        MachineError: one is missing.
    """
    for image in settings.catalogue.images:
        if image.build:
            yield from recipes.chain(image.build)
