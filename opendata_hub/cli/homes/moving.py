"""``opendata-hub homes move``: all homes into another storage, checked before it is switched."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from opendata_hub.cli.audited import Audited
from opendata_hub.cli.counting import count
from opendata_hub.cli.homes import quiet
from opendata_hub.cli.homes.house import PLACES, House, Place, house, place
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.start import find_config
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.engine import translated
from opendata_hub.errors import ConfigError, StorageError
from opendata_hub.fields import format_size
from opendata_hub.homes import safe_name
from opendata_hub.machine import packages, space
from opendata_hub.settings import load, switching
from opendata_hub.settings import storage as storages
from opendata_hub.settings.state import State
from opendata_hub.storage import Home
from opendata_hub.storage.carrying import Carrier, Load
from opendata_hub.storage.copying import PROGRAM
from opendata_hub.storage.moves import Move

_ROUNDS = 3
_MORE = 1.05  # times as much as now, a home may take on another file system


@click.command(cls=Audited)
@click.option("--to", "text", metavar="PLACE", required=True, help=f"Where to: {PLACES}.")
@options.config
@in_words()
def move(text: str, config: Path | None) -> None:
    """
    Carry all homes into another storage, and have the hub use them there.

    Nobody may work meanwhile: the hub and its servers must be stopped. Each home is copied, and
    compared with its copy byte by byte; only when all are the same, hub.yaml is changed. The homes
    stay where they were, too. Broken off, the same command goes on where it was.
    """
    to, file = place(text), _file(config)
    with house(config) as found:
        if to == found.place:
            click.echo(f"The homes are in {to.words} already.")
            return
        _make_ready(found, to, file)
        state = State(found.settings.folder)
        state.make()
        try:
            with _journal(state, found.place, to).held() as journal:
                _move(found, to, file, journal)
        except KeyboardInterrupt:
            raise StorageError(
                "Stopped. The homes are where they were; the same command goes on from here."
            ) from None
    _tell_end(found.place, to, file)


def _file(config: Path | None) -> Path:
    file = config or find_config()
    if file is None:
        raise ConfigError("There is no hub.yaml that could say where homes are; make one first.")
    return file


def _journal(state: State, source: Place, to: Place) -> Move:
    return Move(state.folder / "moves" / f"{safe_name(f'{source} to {to}')}.json")


def _make_ready(found: House, to: Place, file: Path) -> None:
    """Find what would end the move, before it has taken hours."""
    if os.geteuid() != 0:
        raise StorageError("Homes belong to other users; move them as root: sudo opendata-hub …")
    switching.switched(file, to.kind, to.path)
    homes = found.settings.homes.model_copy(update={"storage": to.kind, "path": to.path})
    then = found.settings.model_copy(update={"homes": homes})
    if faults := [*storages.faults(found.settings), *storages.faults(then)]:
        raise ConfigError("\n".join(faults))
    with steps() as say:
        packages.ensure({PROGRAM: PROGRAM}, say)


def _move(found: House, to: Place, file: Path, journal: Move) -> None:
    quiet.require(found, found.homes())
    carrier = Carrier(found.storage, found.opened(to), journal)
    homes = _carry_all(found, to, carrier)
    quiet.require(found, homes)
    carrier.mark(homes)
    switching.write(file, switching.switched(file, to.kind, to.path))
    journal.end()
    storages.settle(load(file))


def _carry_all(found: House, to: Place, carrier: Carrier) -> list[Home]:
    """Carry until nothing is left to carry: what somebody has changed goes once more."""
    for _ in range(_ROUNDS):
        homes = found.homes()
        if not homes:
            raise StorageError(
                f"There are no homes in {found.place.words}. If that is right, nothing has to be "
                f"moved: write into hub.yaml, under homes, what {to} says."
            )
        carrier.require_room_for(homes)
        click.echo(f"Looking at {count(len(homes), 'home')} in {found.place.words}")
        loads = carrier.pending(homes)
        if len(loads) < len(homes):
            click.echo(f"Carried, and the same: {count(len(homes) - len(loads), 'home')}")
        if not loads:
            return homes
        _require_space(found, to, carrier.room(loads))
        click.echo(f"Carrying {count(len(loads), 'home')}, {_size(loads)}, to {to.words}")
        _carry(carrier, loads)
    raise StorageError(
        "Files change while they are carried: somebody writes to them. Find out who, and begin "
        "again; what does not change is not carried twice."
    )


def _size(loads: Sequence[Load]) -> str:
    files = sum(load.survey.files for load in loads)
    return f"{count(files, 'file')} and {format_size(sum(load.survey.used for load in loads))}"


def _require_space(found: House, to: Place, need: int) -> None:
    space.require({to.path or asyncio.run(_engines_folder(found)): int(need * _MORE)})


async def _engines_folder(found: House) -> Path:
    with translated():
        return Path((await found.engine.call("info"))["DockerRootDir"])


def _carry(carrier: Carrier, loads: Sequence[Load]) -> None:
    """Each byte is copied, and compared: half of the way each."""
    total, before = sum(load.survey.length for load in loads), 0
    with bars.bar("Carrying") as tell:
        for load in loads:
            twice, done = 2 * load.survey.length, 0

            def hear(more: int) -> None:
                nonlocal done
                done += more
                tell(before + min(done, twice) // 2, total)  # noqa: B023  # it is called at once

            carrier.carry(load, hear)
            before += load.survey.length
            tell(before, total)


def _tell_end(source: Place, to: Place, file: Path) -> None:
    click.echo(f"All homes are in {to.words}, each byte by byte the same.")
    click.echo(f"{file} says so now; the hub uses them there from its next start.")
    click.echo(
        f"In {source.words} they are still, too, with their snapshots. When all is well, delete "
        f"those: opendata-hub homes purge --left-in {source}"
    )
