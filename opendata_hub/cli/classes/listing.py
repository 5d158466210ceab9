"""``opendata-hub class list``: who learns and teaches where."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from opendata_hub.cli.classes.book import Book, book
from opendata_hub.cli.images import options
from opendata_hub.cli.steps import in_words


@click.command("list")
@options.config
@in_words()
def list_(config: Path | None) -> None:
    """List the classes of hub.yaml: how many students, who teaches, and when the lessons are."""
    found = book(config)
    names = list(dict.fromkeys(entry.key for entry in found.entries))
    if not names:
        click.echo(f"There are no classes in {found.file}. To make one: opendata-hub class add")
        return
    table = Table(box=None, pad_edge=False)
    for head in ("Class", "Students", "Instructors", "Lessons"):
        table.add_column(head, overflow="fold", justify="right" if head == "Students" else "left")
    for name in names:
        table.add_row(*_row(found, name))
    Console(highlight=False, markup=False).print(table)


def _row(found: Book, name: str) -> tuple[str, str, str, str]:
    entries = found.require(name)
    teachers = dict.fromkeys(user for entry in entries for user in entry.instructors)
    lessons = [f"{entry.start:%Y-%m-%d %H:%M}" for entry in entries if entry.start]
    return name, str(len(found.students(name))), ", ".join(teachers), ", ".join(lessons)
