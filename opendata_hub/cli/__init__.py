"""The command ``opendata-hub``: parses, calls, prints."""

import click

from opendata_hub import __version__
from opendata_hub.cli.audit import audit
from opendata_hub.cli.backup import backup
from opendata_hub.cli.bundle import bundle
from opendata_hub.cli.check import check, schema
from opendata_hub.cli.classes import classes
from opendata_hub.cli.cloud_init import cloud_init
from opendata_hub.cli.data import data
from opendata_hub.cli.doctor import doctor
from opendata_hub.cli.homes import homes
from opendata_hub.cli.images import images
from opendata_hub.cli.install import install
from opendata_hub.cli.link import link
from opendata_hub.cli.network import network
from opendata_hub.cli.rehearse import rehearse
from opendata_hub.cli.restore import restore
from opendata_hub.cli.start import start, stop
from opendata_hub.cli.try_ import try_
from opendata_hub.cli.uninstall import uninstall
from opendata_hub.cli.upgrade import upgrade


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="opendata-hub")
def main() -> None:
    """Put a whole class into ready-made notebooks, each in a container of its own."""


for command in (
    install,
    upgrade,
    uninstall,
    cloud_init,
    start,
    stop,
    check,
    schema,
    doctor,
    images,
    homes,
    data,
    try_,
    link,
    classes,
    rehearse,
    backup,
    restore,
    network,
    audit,
    bundle,
):
    main.add_command(command)
