"""``opendata-hub backup``: the whole hub in another place."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click

from opendata_hub import backup as backups
from opendata_hub import places
from opendata_hub.backup import Hub, Report, Vault
from opendata_hub.cli import vaults
from opendata_hub.cli.audited import Audited
from opendata_hub.cli.counting import count
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.start import find_config
from opendata_hub.cli.steps import in_words
from opendata_hub.engine import Engine
from opendata_hub.errors import ConfigError, OpenDataError
from opendata_hub.fields import format_size
from opendata_hub.machine import daemon
from opendata_hub.settings import Settings
from opendata_hub.settings import backup as notes
from opendata_hub.settings.naming import named, recipe_folders
from opendata_hub.settings.state import State
from opendata_hub.settings.storage import faults, open_homes

_SHOWN = 5  # files whose trouble is printed


@click.command(cls=Audited)
@click.argument("place", metavar="DIR")
@click.option("--list", "list_", is_flag=True, help="Only list the backups that are there.")
@click.option("--verify", is_flag=True, help="Only read all that is there, and check it.")
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(min=1),
    help="Afterwards, remove all backups but the last N.",
)
@vaults.password_file
@options.config
@in_words()
def backup(
    place: str,
    list_: bool,
    verify: bool,
    keep: int | None,
    password_file: Path | None,
    config: Path | None,
) -> None:
    """
    Save the whole hub in DIR, while it runs: database, hub.yaml and its files, secrets, homes.

    What has not changed since the last time is not read again. Where restic is installed, it is
    encrypted, and DIR may be an address such as sftp:me@host:/hub or s3:https://host/bucket; else
    it is folders, made by rsync. Give each hub a DIR of its own.
    """
    if list_ or verify:
        vault = vaults.vault_to_read(place, _state(config), password_file)
        _list(vault) if list_ else _verify(vault)
        return
    settings = _settings(config)
    with _noted(State(settings.folder), place) as problems:
        vault = vaults.vault_to_write(place, State(settings.folder).folder, password_file)
        report = _save(settings, config or find_config(), vault)
        _tell(report, settings, vault)
        if keep:
            click.echo(f"Removed {count(vault.keep(keep), 'older backup')}.")
        if report.saved.unread:
            problems.append(f"{count(len(report.saved.unread), 'file')} could not be read.")
    if problems:
        raise SystemExit(1)


@contextmanager
def _noted(state: State, place: str) -> Iterator[list[str]]:
    """Write down how it went, for the doctor; what is put into the list went wrong."""
    problems: list[str] = []
    try:
        yield problems
    except OpenDataError as error:
        problems.append(str(error))
        raise
    finally:
        broken = "It was broken off." if sys.exc_info()[0] else None
        notes.note(state, place, " ".join(problems) or broken)


def _settings(config: Path | None) -> Settings:
    """Read them, and refuse where a disk with homes is missing: a backup without them is none."""
    settings = options.settings_of(config)
    if found := list(faults(settings)):
        raise ConfigError("\n".join(found))
    return settings


def _state(config: Path | None) -> Path:
    """Where a password may be: a machine that has only the backup has no settings that are fine."""
    config = config or find_config()
    return State(config.parent if config else places.ASSETS).folder


def _list(vault: Vault) -> None:
    runs = vault.runs()
    for run in runs:
        when = f"{run.when.astimezone():%a %d %b, %H:%M}"
        click.echo(f"{run.name}  {when}  {count(run.homes, 'home')}")
    if not runs:
        click.echo(f"{vault.place} holds no whole backup yet.")


def _verify(vault: Vault) -> None:
    with bars.bar("Reading the backup") as tell:
        vault.verify(tell)
    click.echo(f"{vault.place} is fine: {count(len(vault.runs()), 'backup')}, each byte read.")


def _save(settings: Settings, config: Path | None, vault: Vault) -> Report:
    with closing(daemon.connect()) as client:
        storage = open_homes(Engine(client.api), settings)
        found = asyncio.run(backups.live(storage))
        with bars.bar("Saving the hub") as tell:
            return backups.save(hub_of(settings, config), storage, found, vault, tell)


def hub_of(settings: Settings, config: Path | None) -> Hub:
    """Return what is to be saved of a hub with these settings, read from this file if from any."""
    return Hub(
        folder=settings.folder,
        config=config.name if config else "",
        files=[path for path in _files(settings, config) if _is_own(path, settings)],
        datasets={name: str(dataset.path) for name, dataset in settings.datasets.items()},
        images=[image.reference for image in settings.catalogue.images],
        port=settings.hub.ports.hub,
    )


def _files(settings: Settings, config: Path | None) -> list[Path]:
    return [*named(settings, config), *(path.absolute() for path in recipe_folders(settings))]


def _is_own(path: Path, settings: Settings) -> bool:
    """Whether it is the hub's, and not what comes with this program."""
    return path.is_relative_to(settings.folder) or not path.is_relative_to(places.ASSETS)


def _tell(report: Report, settings: Settings, vault: Vault) -> None:
    saved = report.saved
    click.echo(
        f"Saved in {vault.place} as {saved.run.name}: the hub, {count(report.homes, 'home')} with "
        f"{count(report.files, 'file')}, {format_size(report.size)}. New there: "
        f"{format_size(saved.added)}."
    )
    datasets = ", ".join(settings.datasets)
    also = f", and the datasets ({datasets})" if datasets else ""
    click.echo(f"Not in it, as they can be had again: the images{also}.")
    if report.changed:
        _warn(
            "changed while they were copied, and may be torn; the next backup has them",
            report.changed,
        )
    if saved.unread:
        _warn("could not be read: NOT in the backup", saved.unread)


def _warn(what: str, names: Sequence[str]) -> None:
    click.echo(f"{count(len(names), 'file')} {what}:", err=True)
    for name in names[:_SHOWN]:
        click.echo(f"  {ascii(name)[1:-1]}", err=True)
    if len(names) > _SHOWN:
        click.echo(f"  and {len(names) - _SHOWN:,} more", err=True)
