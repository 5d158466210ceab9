"""``opendata-hub homes``: people's files, listed, handed out, moved, and deleted."""

import click

from opendata_hub.cli.homes.exporting import export
from opendata_hub.cli.homes.listing import list_
from opendata_hub.cli.homes.moving import move
from opendata_hub.cli.homes.purging import purge
from opendata_hub.cli.homes.snapshot import snapshot


@click.group()
def homes() -> None:
    """List, hand out, keep, move and delete people's files."""


for _command in (list_, export, move, purge, snapshot):
    homes.add_command(_command)
