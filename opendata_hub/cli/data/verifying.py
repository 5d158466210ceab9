"""``opendata-hub data verify``: is every byte what it was when it came."""

from pathlib import Path

import click

from opendata_hub.cli.counting import count
from opendata_hub.cli.data.choosing import Tally, chosen, names
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.steps import in_words
from opendata_hub.datasets import Dataset
from opendata_hub.errors import DataError
from opendata_hub.fetching.listing import Listing
from opendata_hub.fetching.place import Place, Version
from opendata_hub.fetching.verifying import verify as read_all
from opendata_hub.fields import format_size


@click.command()
@names
@options.config
@in_words()
def verify(names: tuple[str, ...], config: Path | None) -> None:
    """
    Read datasets as a whole and compare checksums: those named, else all that are fetched.

    Each file that is damaged or missing is named; `data fetch` brings it again. Takes no network.
    The exit code is 1 if something is not as it should be, else 0.
    """
    wanted = chosen(options.settings_of(config), names)
    results = [_verify(name, entry, name in names) for name, entry in wanted.items()]
    if not all(results):
        raise SystemExit(1)


def _verify(name: str, dataset: Dataset, is_named: bool) -> bool:
    if not dataset.is_fetched:
        if is_named:
            click.echo(f"{name}: a folder of this machine, with no list to compare it with")
        return True
    try:
        current = Place(dataset.path).current
        listing = current.listing if current else None
        if current and listing:
            return _compare(name, current, listing)
        click.echo(f"{name}: not here yet; get it: opendata-hub data fetch {name}", err=True)
    except DataError as error:
        click.echo(f"{name}: {error}", err=True)
    return False


def _compare(name: str, version: Version, listing: Listing) -> bool:
    faults = 0
    with bars.bar(name) as tell:
        for file, fault in read_all(version, Tally(tell, listing.size or 0).tick):
            faults += 1
            click.echo(f"{name}: {file} {fault}", err=True)
    files = count(len(listing.files), "file")
    if faults:
        many = f"{faults:,} of {files} damaged or missing"
        click.echo(f"{name}: {many}; bring them again: opendata-hub data fetch {name}", err=True)
    else:
        click.echo(f"{name}: {files}, {format_size(listing.size or 0)}, all as they came")
    return not faults
