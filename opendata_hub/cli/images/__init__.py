"""``opendata-hub images``: make, prove, list, fetch and tidy what people can start."""

import click

from opendata_hub.cli.images.carrying import load, save
from opendata_hub.cli.images.checking import check
from opendata_hub.cli.images.listing import list_
from opendata_hub.cli.images.locking import lock, rollback, unlock
from opendata_hub.cli.images.making import build, test
from opendata_hub.cli.images.pruning import prune
from opendata_hub.cli.images.pulling import pull
from opendata_hub.cli.images.pushing import push


@click.group()
def images() -> None:
    """Make, prove, fetch, keep and tidy the images of the catalogue."""


for _command in (
    list_,
    build,
    test,
    check,
    pull,
    push,
    lock,
    unlock,
    rollback,
    prune,
    save,
    load,
):
    images.add_command(_command)
