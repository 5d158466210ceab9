"""``opendata-hub data fetch``: datasets come, and old versions of them go."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import click
import requests

from opendata_hub import fetching
from opendata_hub.cli.audited import Audited
from opendata_hub.cli.counting import count
from opendata_hub.cli.data.choosing import Tally, chosen, names
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.steps import in_words
from opendata_hub.datasets import Dataset
from opendata_hub.errors import DataError, EngineError
from opendata_hub.fetching import Brought, Download, Order, planning, tidying
from opendata_hub.fetching.gathering import AT_A_TIME
from opendata_hub.fetching.place import Place
from opendata_hub.fields import format_size
from opendata_hub.guard.floor import reserve
from opendata_hub.machine import daemon
from opendata_hub.settings import Settings
from opendata_hub.settings.access import access

T = TypeVar("T")
R = TypeVar("R")

_BROKEN_OFF = 130  # what shells call an end by Ctrl-C


@click.command(cls=Audited)
@names
@options.config
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Copy the files from this folder, such as a USB disk, and use no network.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Ask again which files a record or a dataset of ATLAS has; with --from, take the list "
    "that is there.",
)
@in_words()
def fetch(names: tuple[str, ...], config: Path | None, folder: Path | None, update: bool) -> None:
    """
    Bring datasets onto this machine: those named, else all that hub.yaml says where to get.

    Each file is compared with its checksum. Servers see a dataset from their next start after all
    of it is here; those that run keep the version that they have. Broken off, the same command goes
    on where it was.
    """
    settings = options.settings_of(config)
    wanted = _fetched(settings, names)
    brought = Brought(folder) if folder else None
    with _goes_on_later(), _network(settings, brought) as session:
        orders = _each(
            wanted, lambda name, entry: planning.plan(name, entry, session, brought, update)
        )
        _require_room(settings, orders, brought)
        here = _each(orders, lambda _, order: _have(order, brought, session))
    _tidy([order.place for order in orders.values()])
    if len(here) < len(wanted):
        click.echo("What came is kept; the same command goes on where it was.", err=True)
        raise SystemExit(1)


def _fetched(settings: Settings, names: tuple[str, ...]) -> dict[str, Dataset]:
    found = chosen(settings, names)
    for name, dataset in found.items():
        if name in names and not dataset.is_fetched:
            raise DataError(
                f"{name} is the folder {dataset.path}: hub.yaml does not say where its files come "
                "from. Write files, a record or atlas there."
            )
    fetched = {name: dataset for name, dataset in found.items() if dataset.is_fetched}
    if not fetched:
        raise DataError(
            "hub.yaml has no dataset to fetch; write one with files, a record or atlas."
        )
    return fetched


@contextmanager
def _goes_on_later() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nBroken off. The same command goes on where it was.", err=True)
        raise SystemExit(_BROKEN_OFF) from None


@contextmanager
def _network(settings: Settings, brought: Brought | None) -> Iterator[requests.Session | None]:
    if brought:
        yield None
        return
    with access(settings).taken(), fetching.session(AT_A_TIME) as session:
        yield session


def _each(named: Mapping[str, T], do: Callable[[str, T], R]) -> dict[str, R]:
    """Do it for each; what fails says why at once, and stops no other."""
    done = {}
    for name, one in named.items():
        try:
            done[name] = do(name, one)
        except DataError as error:
            for line in str(error).splitlines():
                click.echo(f"{name}: {line}", err=True)
    return done


def _require_room(settings: Settings, orders: Mapping[str, Order], brought: Brought | None) -> None:
    lacking = [order for order in orders.values() if not order.is_done]
    needs = [(order, fetching.near(order, brought)) for order in lacking]
    planning.require_room(needs, lambda folder: _reserve(settings, folder))


def _reserve(settings: Settings, folder: Path) -> int:
    """What has to be left for servers, where they write to the same disk: else they are stopped."""
    writes = [settings.homes.path, daemon.ROOT]
    disks = {path.stat().st_dev for path in writes if path and path.is_dir()}
    if folder.stat().st_dev not in disks:
        return 0
    return settings.limits.disk_reserve or reserve(shutil.disk_usage(folder).total)


def _have(order: Order, brought: Brought | None, session: requests.Session | None) -> None:
    if order.is_done:
        click.echo(f"{order.name}: complete, {_size(order)}")
        return
    stop = threading.Event()
    way = Download(session, stop) if session else None
    with bars.bar(order.name) as tell:
        tally = Tally(tell, order.size)
        fetching.gather(order, fetching.near(order, brought), way, tally.tick, stop)
    click.echo(f"{order.name}: here, {_size(order)}; servers see it from their next start")


def _size(order: Order) -> str:
    current = order.place.current
    listing = current.listing if current else None
    if not listing:
        return ""
    return f"{count(len(listing.files), 'file')}, {format_size(listing.size or 0)}"


def _tidy(places: list[Place]) -> None:
    """Remove versions that no container has any more."""
    if not any(place.old for place in places):
        return
    try:
        tidying.wait(places)
        with closing(daemon.connect()) as client:
            mounted = partial(tidying.mounted, client.api)
            went = [gone for place in places for gone in tidying.tidy(place, mounted)]
    except (EngineError, DataError) as error:
        click.echo(f"Old versions stay for now: {error}", err=True)
        return
    if removed := went.count(True):
        click.echo(f"Removed {count(removed, 'old version')}.")
    if kept := went.count(False):
        click.echo(
            f"{count(kept, 'old version')} still in use by servers; a later `data fetch` removes "
            "what nobody uses."
        )
