"""What long commands print: their steps, with details passing by, and what ended them."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import click
from rich.console import Console

from opendata_hub.errors import OpenDataError
from opendata_hub.machine import Say

_WIDTH = 110
_QUIET = 5  # seconds between two details where nobody watches a terminal


@contextmanager
def steps() -> Iterator[Say]:
    """Steps are lines; their details pass by on one line, or in a log every few seconds."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    quiet_until = 0.0

    def say(text: str) -> None:
        nonlocal quiet_until
        if not text.startswith(" "):
            console.print(text)
        elif console.is_terminal:
            status.update(text.strip()[: console.width - 4])
        elif monotonic() >= quiet_until:
            console.print(text[:_WIDTH])
            quiet_until = monotonic() + _QUIET

    with console.status("") as status:
        yield say


@contextmanager
def in_words() -> Iterator[None]:
    """End the command with the sentence of an error, and exit code 1."""
    try:
        yield
    except OpenDataError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
