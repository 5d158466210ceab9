"""How far something is, in bytes: a bar on a terminal, else a line now and then; on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from opendata_hub.fields import format_size

Tell = Callable[[int, int], None]
"""Takes how many bytes are done, of how many in all as far as anybody knows."""

_QUIET = 5  # seconds between two lines where nobody watches a terminal


@contextmanager
def bar(name: str) -> Iterator[Tell]:
    """Show a bar of this name while it lasts, and nothing of it afterwards."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        yield _lines(console, name)
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    text = TextColumn("{task.description}", markup=False)
    with Progress(text, *columns, console=console, transient=True) as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def _lines(console: Console, name: str) -> Tell:
    quiet_until = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal quiet_until
        if total and monotonic() >= quiet_until:
            console.print(f"{name}: {format_size(done)} of {format_size(total)}")
            quiet_until = monotonic() + _QUIET

    return tell
