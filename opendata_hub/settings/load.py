"""hub.yaml -> checked settings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import TypeGuard, TypeVar

from opendata_hub import catalogue as catalogues
from opendata_hub import locks, places
from opendata_hub.catalogue import Catalogue
from opendata_hub.datasets import Dataset
from opendata_hub.errors import ConfigError
from opendata_hub.fields import check, nearest, read_yaml
from opendata_hub.machine import trust
from opendata_hub.registries import Login
from opendata_hub.settings import audit, classes, entrance, hazards, login, tls
from opendata_hub.settings.model import HubFile, Settings

NAME = "hub.yaml"
CATALOGUE = Path("images") / "catalogue.yaml"

T = TypeVar("T")


def load(path: Path) -> Settings:
    """
    Read and check hub.yaml, and everything that it names.

    Returns:
        Settings: relative paths are resolved against the folder of the file.

    Raises:
        ConfigError: one line per fault, each with file, key, value and what to do.
    """
    return _settled(check(HubFile, read_yaml(path), path.name), path.resolve().parent, path.name)


def defaults(folder: Path) -> Settings:
    """
    Return the settings of a hub without a hub.yaml, as if an empty one were in ``folder``.

    Raises:
        ConfigError: there is no catalogue.
    """
    return _settled(HubFile(), folder.resolve(), NAME)


def _settled(file: HubFile, folder: Path, where: str) -> Settings:
    images = _images(file, folder)
    faults: list[str] = []
    lock = locks.beside(images if _has_lock_beside(images) else folder / where)
    catalogue = _collect(faults, lambda: _catalogue(images, folder, where, lock))
    faults += login.faults(file, where)
    named, entries = file.groups, classes.resolved(file.classes, folder)
    groups, unread = classes.groups(named, entries)
    entry = _let_in(file.login, classes.people(entries, groups))
    more = {"groups": groups, "login": entry, "classes": entries}
    file = _resolved(file.model_copy(update=more), folder)
    faults += unread
    lost = (
        *_missing_folders(file),
        *_shared_folders(file),
        *_unusable_files(file, folder),
        *_lost_groups(file, catalogue),
        *_lost_classes(file, named, catalogue),
        *_lost_culling(file, catalogue),
        *audit.faults(file.audit, folder),
        *hazards.faults(file, folder),
        *tls.faults(file),
    )
    faults += [f"{where}: {fault}" for fault in lost]
    if faults or catalogue is None:
        raise ConfigError("\n".join(faults))
    places = {"images": images, "folder": folder, "lock": lock}
    return Settings.model_construct(**{**dict(file), **places, "catalogue": catalogue})


def _let_in(entry: entrance.Login, people: Sequence[str]) -> entrance.Login:
    """Let the people of classes come in; where accounts have passwords, they have those."""
    if entry.method == login.NATIVE or not people:
        return entry
    users = tuple(dict.fromkeys((*entry.allow.users, *people)))
    allow = entry.allow.model_copy(update={"users": users})
    return entry.model_copy(update={"allow": allow})


def _collect(faults: list[str], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigError as error:
        faults.append(str(error))
        return None


def _images(file: HubFile, folder: Path) -> Path | list[object]:
    """Where the catalogue is: as written, else beside hub.yaml, else our own."""
    if isinstance(file.images, list):
        return file.images
    if file.images is not None:
        return folder / file.images.expanduser()
    ours, beside = places.ASSETS / CATALOGUE, folder / CATALOGUE
    return ours if ours.is_file() and not beside.is_file() else beside


def _has_lock_beside(images: Path | list[object]) -> TypeGuard[Path]:
    """Not what comes with an installed program: the next version would have another."""
    is_ours = isinstance(images, Path) and images.is_relative_to(places.ASSETS)
    return isinstance(images, Path) and (places.IS_CHECKOUT or not is_ours)


def _catalogue(images: Path | list[object], folder: Path, where: str, lock: Path) -> Catalogue:
    if isinstance(images, Path) and not images.is_file():
        raise ConfigError(
            f"{where}: images is {str(images)!r}, which is no file; write the path of a catalogue, "
            "or a list of images."
        )
    return catalogues.load(images, where, folder, lock)


def _resolved(file: HubFile, folder: Path) -> HubFile:
    datasets = {
        name: dataset.model_copy(update={"path": _place_of(name, dataset, folder)})
        for name, dataset in file.datasets.items()
    }
    welcome = file.homes.welcome and folder / file.homes.welcome.expanduser()
    path = file.homes.path and folder / file.homes.path.expanduser()
    homes = file.homes.model_copy(update={"welcome": welcome, "path": path})
    registries = {host: _at_home(entry, folder) for host, entry in file.registries.items()}
    bundle = file.site.ca_bundle and folder / file.site.ca_bundle.expanduser()
    site = file.site.model_copy(update={"ca_bundle": bundle})
    changed = {"datasets": datasets, "homes": homes, "registries": registries, "site": site}
    return file.model_copy(update={**changed, "https": tls.resolved(file.https, folder)})


def _place_of(name: str, dataset: Dataset, folder: Path) -> Path:
    if dataset.has_path:
        return folder / dataset.path.expanduser()
    return places.datasets(folder) / name


def _at_home(entry: Login, folder: Path) -> Login:
    file = entry.password_file and folder / entry.password_file.expanduser()
    return entry.model_copy(update={"password_file": file})


def _missing_folders(file: HubFile) -> Iterator[str]:
    """Without data that is yet to be fetched a hub can run, without what was mistyped it cannot."""
    plain = {name: dataset for name, dataset in file.datasets.items() if not dataset.is_fetched}
    named = {f"datasets.{name}": dataset.path for name, dataset in plain.items()}
    if file.homes.welcome:
        named["homes.welcome"] = file.homes.welcome
    for key, path in named.items():
        if not path.is_dir():
            yield f"{key} is {str(path)!r}, which is no folder; make it, or mend the path."


def _shared_folders(file: HubFile) -> Iterator[str]:
    """Datasets that would be fetched into each other."""
    fetched = {name: entry.path for name, entry in file.datasets.items() if entry.is_fetched}
    for (name, path), (other, within) in permutations(fetched.items(), 2):
        if within.is_relative_to(path):
            yield (
                f"datasets.{name} would be fetched into {str(path)!r}, in which datasets.{other} "
                "is, too; give each a path of its own."
            )


def _unusable_files(file: HubFile, folder: Path) -> Iterator[str]:
    reads: dict[str, Callable[[], object]] = {
        f"registries.{host}.password_file": entry.secret for host, entry in file.registries.items()
    }
    if file.login.client_secret_file:
        reads["login.client_secret_file"] = partial(file.login.secret, folder)
    if file.site.ca_bundle:
        reads["site.ca_bundle"] = partial(trust.certificates, file.site.ca_bundle)
    for key, read in reads.items():
        try:
            read()
        except ConfigError as error:
            yield f"{key}: {error}"


def _lost_groups(file: HubFile, catalogue: Catalogue | None) -> Iterator[str]:
    """Groups that nobody can be in: a typing error there would lock everyone out."""
    if not file.groups or file.login.brings_groups:
        return
    used = {f"dataset '{name}'": dataset.groups for name, dataset in file.datasets.items()}
    used |= {f"image '{i.slug}'": i.groups for i in (catalogue.images if catalogue else ())}
    for what, groups in used.items():
        for group in groups:
            if group not in file.groups:
                yield (
                    f"{what} is for the group '{group}', which groups does not define; known: "
                    f"{', '.join(file.groups)}.{nearest(group, file.groups)}"
                )


def _lost_classes(
    file: HubFile, named: Mapping[str, Sequence[str]], catalogue: Catalogue | None
) -> Iterator[str]:
    slugs = [image.slug for image in catalogue.images] if catalogue else None
    yield from classes.faults(file.classes, named, file.groups, slugs, file.login.admins)


def _lost_culling(file: HubFile, catalogue: Catalogue | None) -> Iterator[str]:
    """Values for an image or a group that there is not: a typing error would void them."""
    slugs = [image.slug for image in catalogue.images] if catalogue else []
    for slug in file.culling.images:
        if catalogue and slug not in slugs:
            near = nearest(slug, slugs)
            yield f"culling.images.{slug}: in the catalogue are only {', '.join(slugs)}.{near}"
    for group in file.culling.groups:
        known = file.groups and not file.login.brings_groups
        if known and group not in file.groups:
            near = nearest(group, file.groups)
            yield f"culling.groups.{group}: groups has only {', '.join(file.groups)}.{near}"
