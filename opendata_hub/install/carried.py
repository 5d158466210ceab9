"""What goes along with a hub.yaml to a machine that is not there yet."""

from collections.abc import Iterator
from pathlib import Path

from opendata_hub import places
from opendata_hub.errors import ConfigError
from opendata_hub.fields import check, read_yaml
from opendata_hub.install.furnishing import PYTHON, named
from opendata_hub.settings import HubFile, exposure, hazards, login, tls
from opendata_hub.settings.load import NAME

_STOCK = ("images", "welcome", PYTHON)
"""What the package brings, where hub.yaml is the one of a checkout."""


def read(config: Path) -> HubFile:
    """
    Return a hub.yaml that is checked by itself, without the machine that it is for.

    Raises:
        ConfigError: it cannot be read, has a fault, or names data that lie beside it.
    """
    asked, folder = check(HubFile, read_yaml(config), config.name), config.resolve().parent
    placed = asked.model_copy(update={"https": tls.resolved(asked.https, folder)})
    found = [*login.faults(asked, NAME), *(f"{NAME}: {fault}" for fault in tls.faults(placed))]
    found += [f"{NAME}: {fault}" for fault in _data(asked, folder)]
    if found:
        raise ConfigError("\n".join(found))
    exposure.require_meant(asked, NAME)
    return asked


def _data(asked: HubFile, folder: Path) -> Iterator[str]:
    for key, dataset in asked.datasets.items():
        if dataset.is_fetched or folder == places.ASSETS:
            continue  # the sample comes with the package
        path = dataset.path
        if not path.expanduser().is_absolute() and (folder / path).exists():
            yield (
                f"datasets.{key} is {str(path)!r}, a folder beside it, which is too much for "
                "user-data; write where it comes from, or where the new machine has it."
            )


def files(asked: HubFile, folder: Path) -> dict[str, bytes]:
    """
    Return what a hub.yaml names and brings with it, by path relative to it.

    Args:
        folder: of hub.yaml.

    Raises:
        ConfigError: something is missing.
    """
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for path in named(asked)
        if not path.is_absolute() and not (folder == places.ASSETS and path.parts[0] in _STOCK)
        for file in _below(folder, path)
    }


def _below(folder: Path, path: Path) -> Iterator[Path]:
    place = folder / path
    if path.parts[0] == "~" or ".." in path.parts:
        raise ConfigError(
            f"{NAME} names {str(path)!r}, which is not below its folder; put it there, so that it "
            "lies there on the new machine, too."
        )
    if place.is_dir():
        yield from sorted(file for file in place.rglob("*") if file.is_file())
    elif place.is_file():
        yield place
    elif path.name != PYTHON and path.suffix != ".lock" and not (places.ASSETS / path).exists():
        raise ConfigError(f"{NAME} names {str(path)!r}, which is not there; make it, or mend that.")


def secrets(asked: HubFile) -> list[str]:
    """Return the keys of hub.yaml that hold a secret, or name the file of one."""
    found = list(hazards.secrets(asked.login.model_dump(), "login"))
    found += ["login.client_secret_file"] if asked.login.client_secret_file else []
    found += ["https.key"] if asked.https.key else []
    return found + [f"registries.{host}" for host in asked.registries]


def elsewhere(asked: HubFile) -> list[str]:
    """Return the files that it names by their whole path: the new machine has to have them."""
    return [str(path) for path in named(asked) if path.is_absolute()]
