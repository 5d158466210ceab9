"""``opendata-hub class``: classes, from the list of a school to cards on the tables."""

import click

from opendata_hub.cli.classes.adding import add
from opendata_hub.cli.classes.listing import list_
from opendata_hub.cli.classes.passwords import password
from opendata_hub.cli.classes.removing import remove


@click.group("class")
def classes() -> None:
    """Add, list and remove classes, and give their students passwords."""


for _command in (add, list_, password, remove):
    classes.add_command(_command)
