"""What the verbs of ``opendata-hub data`` share: which datasets are meant, and how far they are."""

import threading

import click

from opendata_hub.cli.images.bars import Tell
from opendata_hub.datasets import Dataset
from opendata_hub.errors import DataError
from opendata_hub.fields import nearest
from opendata_hub.settings import Settings

names = click.argument("names", nargs=-1, metavar="[NAME]...")


def chosen(settings: Settings, wanted: tuple[str, ...]) -> dict[str, Dataset]:
    """
    Return the named datasets by name; without names all.

    Raises:
        DataError: hub.yaml has no such dataset.
    """
    known = settings.datasets
    for name in wanted:
        if name not in known:
            raise DataError(
                f"No dataset '{name}' in hub.yaml ({', '.join(known) or 'there is none'})."
                f"{nearest(name, known)}"
            )
    return {name: entry for name, entry in known.items() if name in wanted or not wanted}


class Tally:
    """Counts bytes of several threads, for one bar."""

    def __init__(self, tell: Tell, total: int) -> None:
        self._tell, self._total = tell, total
        self._done = 0
        self._lock = threading.Lock()

    def tick(self, more: int) -> None:
        """Take how many bytes more are done; less than none where they begin anew."""
        with self._lock:
            self._done += more
            self._tell(self._done, max(self._total, self._done))
