"""``opendata-hub restore``: the hub back from a backup, or somebody's files."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click

from opendata_hub import backup as backups
from opendata_hub import places
from opendata_hub.backup import Index, Restored, Run, Way
from opendata_hub.cli import disk, vaults
from opendata_hub.cli.audited import Audited
from opendata_hub.cli.counting import count
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.start import find_config
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.engine import Engine
from opendata_hub.errors import BackupError, ImageNotFound
from opendata_hub.machine import daemon
from opendata_hub.machine import disk as disks
from opendata_hub.settings.state import State
from opendata_hub.settings.storage import open_homes
from opendata_hub.storage import open_storage


@click.command(cls=Audited)
@click.argument("place", metavar="DIR")
@click.argument("users", metavar="[USER]...", nargs=-1)
@click.option(
    "--only-homes",
    is_flag=True,
    help="Bring back the files of each USER alone, as ~/restored-<backup>; the hub may run.",
)
@click.option("--run", "name", metavar="TIME", help="A backup of --list.  [default: the last]")
@click.option(
    "--to",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where hub.yaml goes.  [default: where it was]",
)
@click.option(
    "--make-disk",
    metavar="SIZE",
    callback=lambda _context, _option, value: disk.read_size(value) if value else None,
    help="Where homes were on btrfs, make such a disk of this size in a file, and mount it.",
)
@click.option(
    "--without-damaged",
    is_flag=True,
    help="End it without the homes that do not come; else they are tried again.",
)
@vaults.password_file
@options.config
@in_words()
def restore(
    place: str,
    users: tuple[str, ...],
    only_homes: bool,
    name: str | None,
    to: Path | None,
    make_disk: int | None,
    without_damaged: bool,
    password_file: Path | None,
    config: Path | None,
) -> None:
    """
    Bring the hub of the backup in DIR back onto this machine, or with --only-homes single homes.

    Nothing is overwritten. Broken off, the same command goes on where it was. Every file is
    checked; a home that is damaged in the backup is named, and not brought back.
    """
    if only_homes != bool(users):
        raise BackupError("Single homes come back by --only-homes USER ...; name the users.")
    found = config or find_config()
    state = State(found.resolve().parent if found else places.ASSETS).folder
    vault = vaults.vault_to_read(place, state, password_file)
    run = vaults.chosen(vault, name)
    index = backups.parse(vault.index(run), f"{place}, {run.name}")
    with closing(daemon.connect()) as client:
        engine = Engine(client.api)
        if only_homes:
            way = Way(vault, run, open_homes(engine, options.settings_of(config)))
            restored = _homes(way, index, users)
        else:
            _make_disk(index, make_disk)
            way = Way(vault, run, open_storage(engine, index.storage, index.path or None))
            folder = (to or Path(index.folder)).absolute()
            restored = _hub(way, index, folder, without_damaged)
            _tell_hub(restored, way, index, folder, asyncio.run(_absent(engine, index.images)))
    if restored.damaged:
        raise SystemExit(1)


def _homes(way: Way, index: Index, users: Sequence[str]) -> Restored:
    with bars.bar("Bringing back homes") as tell:
        restored = backups.restore_homes(way, index, users, tell)
    for user, folder in restored.homes.items():
        where = f"as ~/{folder}, beside what is there" if folder else "whole, as there was none"
        click.echo(f"{user}: the files are back, {where}.")
    _tell_damaged(restored)
    return restored


def _make_disk(index: Index, size: int | None) -> None:
    if size and index.path:
        with steps() as say:
            disks.make(Path(index.path), size, say)


def _hub(way: Way, index: Index, folder: Path, without_damaged: bool) -> Restored:
    with bars.bar("Bringing back the hub") as tell:
        return backups.restore(way, index, folder, tell, without_damaged)


async def _absent(engine: Engine, images: Sequence[str]) -> list[str]:
    absent = []
    for reference in images:
        try:
            await engine.image(reference)
        except ImageNotFound:
            absent.append(reference)
    return absent


def _tell_hub(
    restored: Restored, way: Way, index: Index, folder: Path, absent: Sequence[str]
) -> None:
    _tell_damaged(restored)
    if restored.is_ended:
        for line in _told(restored, way.run, index, folder, absent):
            click.echo(line)
        return
    click.echo(
        f"The hub is not back yet: {len(restored.homes):,} of {len(index.homes):,} homes are. Do "
        "it again to try the others again, or with --without-damaged to end it without them.",
        err=True,
    )


def _told(
    restored: Restored, run: Run, index: Index, folder: Path, images: Sequence[str]
) -> Iterator[str]:
    yield f"The hub of {run.name} is back in {folder}, with {count(len(restored.homes), 'home')}."
    if restored.aside:
        yield f"Renamed, as other files were in the backup: {', '.join(map(str, restored.aside))}"
    for name, path in index.datasets.items():
        if not Path(path).is_dir():
            yield f"To bring again: the dataset {name}, in {path}"
    if images:
        yield f"To bring again, by 'opendata-hub images pull' and 'build': {', '.join(images)}"
    config = f" --config {folder / index.config}" if index.config else ""
    yield f"Now start it: {Path(sys.executable).with_name('opendata-hub')} start{config}"


def _tell_damaged(restored: Restored) -> None:
    for user, reason in restored.damaged.items():
        click.echo(f"{user}: NOT brought back. {reason}", err=True)
