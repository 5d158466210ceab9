"""``opendata-hub homes export``: somebody's files, to take away."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import click

from opendata_hub.cli.audited import Audited
from opendata_hub.cli.counting import count
from opendata_hub.cli.homes.house import House, house, of_users
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import OpenDataError, StorageError
from opendata_hub.fields import format_size
from opendata_hub.homes import safe_name
from opendata_hub.storage import Home
from opendata_hub.storage import exporting as archives
from opendata_hub.storage.exporting import Exported
from opendata_hub.storage.occupants import occupants
from opendata_hub.storage.surveying import survey

_ENDING = ".zip"


@click.command(cls=Audited)
@click.argument("user", required=False)
@click.option("--all", "everyone", is_flag=True, help="All homes: one file each, in a folder.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="The file; with --all the folder, which is made.  [default: USER.zip]",
)
@options.config
@in_words()
def export(user: str | None, everyone: bool, to: Path | None, config: Path | None) -> None:
    """
    Write all files of USER into one archive, such as at the end of a course.

    It is a ZIP, which every laptop opens, and only you can read it. A file of this name is replaced
    once the new one is whole. Symlinks are in it as such, never what they lead to; sockets and
    pipes are left out.
    """
    if bool(user) == everyone or (everyone and not to):
        raise StorageError("Say whose files: USER, or --all with --to FOLDER.")
    with house(config) as found:
        homes = found.homes() if everyone else of_users(found.homes(), [user or ""])
        if everyone and to:
            _make(to)
        used = asyncio.run(occupants(found.engine, homes))
        done = [_exported(found, home, _file(home, to, everyone), used) for home in homes]
    if everyone:
        click.echo(f"Exported {done.count(True):,} of {count(len(homes), 'home')} to {to}")
    if not all(done):
        raise SystemExit(1)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from None


def _file(home: Home, to: Path | None, everyone: bool) -> Path:
    own = Path(f"{safe_name(home.user)}{_ENDING}")
    file = own if to is None else to / own if everyone or to.is_dir() else to
    if file.suffix.lower() != _ENDING:
        raise StorageError(
            f"--to is {str(to)!r}; write a name that ends in {_ENDING}, or a folder."
        )
    if not file.absolute().parent.is_dir():
        raise StorageError(f"There is no folder {file.absolute().parent}; make it first.")
    return file


def _exported(found: House, home: Home, file: Path, used: Collection[str]) -> bool:
    """Export one; what goes wrong is told at once, and stops no other."""
    try:
        exported = _export(found, home, file)
    except OpenDataError as error:
        click.echo(f"{home.user}: {error}", err=True)
        return False
    size = format_size(file.stat().st_size)
    click.echo(f"{home.user}: {count(exported.files, 'file')} in {file}, {size}")
    if exported.left_out:
        click.echo(f"  Left out, as no files: {', '.join(map(ascii, exported.left_out))}")
    if home.user in used:
        click.echo("  Their server runs: what it writes meanwhile may be missing.")
    return True


def _export(found: House, home: Home, file: Path) -> Exported:
    folder = asyncio.run(found.storage.folder(home.user))
    try:
        total = survey(folder).length
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error}.") from None
    done = 0
    with bars.bar(f"Exporting {home.user}") as tell:

        def read(more: int) -> None:
            nonlocal done
            done += more
            tell(done, total)

        return archives.export(folder, safe_name(home.user), file, read)
