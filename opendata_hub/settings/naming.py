"""hub.yaml -> the files and folders that it names."""

from collections.abc import Iterator
from pathlib import Path

from opendata_hub.machine import recipes
from opendata_hub.settings.model import Settings


def named(settings: Settings, config: Path | None) -> list[Path]:
    """
    Return all that is named, but for datasets, homes and recipes; absolute, there or not.

    Args:
        config: the file that the settings were read from, if from any.
    """
    found = [
        config,
        settings.folder / "jupyterhub_config.py",
        settings.lock,
        settings.homes.welcome,
    ]
    if isinstance(settings.images, Path):
        found.append(settings.images)
    found += [login.password_file for login in settings.registries.values()]
    found.append(settings.site.ca_bundle)
    found += [entry.roster for entry in settings.classes]
    https = settings.https
    found += [https.certificate, https.key, https.authority_ca]
    if secret := settings.login.client_secret_file:
        found.append(settings.folder / secret.expanduser())
    return [path.absolute() for path in found if path]


def recipe_folders(settings: Settings) -> Iterator[Path]:
    """
    Yield the recipes of the catalogue's images, with those that they stand on.

    Raises:
        MachineError: one is missing.
    """
    for image in settings.catalogue.images:
        if image.build:
            yield from recipes.chain(image.build)
