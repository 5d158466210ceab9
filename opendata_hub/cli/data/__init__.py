"""``opendata-hub data``: have the datasets of hub.yaml on this machine, whole."""

import click

from opendata_hub.cli.data.fetching import fetch
from opendata_hub.cli.data.listing import list_
from opendata_hub.cli.data.verifying import verify


@click.group()
def data() -> None:
    """Download, check and list the datasets that servers see."""


for _command in (list_, fetch, verify):
    data.add_command(_command)
