"""Datasets of hub.yaml, when the hub starts."""

from contextlib import closing
from functools import partial

import click

from opendata_hub.errors import OpenDataError
from opendata_hub.fetching import tidying
from opendata_hub.fetching.place import Place
from opendata_hub.machine import daemon
from opendata_hub.settings.model import Settings


def tidy(settings: Settings) -> None:
    """Remove old versions that no server has any more; say why where one has to stay."""
    fetched = (entry for entry in settings.datasets.values() if entry.is_fetched)
    try:
        places = [place for entry in fetched if (place := Place(entry.path)).old]
        if not places:
            return
        with closing(daemon.connect()) as client:
            mounted = partial(tidying.mounted, client.api)
            for place in places:
                list(tidying.tidy(place, mounted))
    except OpenDataError as error:
        click.echo(f"Old versions of datasets stay for now: {error}")
