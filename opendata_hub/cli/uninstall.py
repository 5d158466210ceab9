"""``opendata-hub uninstall``: the hub taken off the machine, and people's work left on it."""

import click

from opendata_hub.cli.steps import in_words, steps
from opendata_hub.install import systemd
from opendata_hub.install.removal import uninstall as run

_ASKED = "Stop the hub and all servers, and remove the program? Homes, data and settings stay."


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@in_words()
def uninstall(yes: bool) -> None:
    """
    Take the hub off this machine, and leave all that people made.

    Stops hub and servers, removes units, timers, program, network and its rules. Says what stays
    and where, with the command each that would remove it.
    """
    systemd.require()
    if not yes:
        click.confirm(_ASKED, abort=True)
    with steps() as say:
        left = run(say)
    click.echo("The hub is gone from this machine. What stays:")
    for one in left:
        click.echo(f"  {one.what}: {one.where}\n    to remove it: {one.command}")
