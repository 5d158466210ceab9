"""``opendata-hub cloud-init``: the user-data of a machine that shall become a hub."""

from pathlib import Path

import click

from opendata_hub import places
from opendata_hub.cli.start import find_config
from opendata_hub.cli.steps import in_words
from opendata_hub.install import carried, user_data
from opendata_hub.settings import HubFile
from opendata_hub.settings.load import NAME


@click.command("cloud-init")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The hub.yaml of the new machine.  [default: hub.yaml, where there is one]",
)
@click.option(
    "--package",
    metavar="SPEC",
    default=user_data.PACKAGE,
    show_default=True,
    help="What pip shall install there: a name with a version, the address of a wheel, or "
    "git+https://...",
)
@click.option(
    "--data-disk",
    metavar="DEVICE",
    help="The disk for homes and data, as the new machine sees it; a pattern may stand for it.",
)
@in_words()
def cloud_init(config: Path | None, package: str, data_disk: str | None) -> None:
    """
    Print user-data for any cloud: a new machine that gets it becomes a hub by itself.

    It carries hub.yaml and the files that it names. Warnings go to stderr.
    """
    config = config or find_config() or places.ASSETS / NAME
    asked = carried.read(config)
    files = carried.files(asked, config.resolve().parent)
    secrets = carried.secrets(asked)
    text = config.read_text("utf-8")
    click.echo(user_data.render(text, files, asked.site, package, data_disk, secrets), nl=False)
    for warning in _warnings(asked, secrets):
        click.echo(f"Warning: {warning}", err=True)


def _warnings(asked: HubFile, secrets: list[str]) -> list[str]:
    found, elsewhere = [], carried.elsewhere(asked)
    if asked.hub.loopback:
        found.append(
            f"hub.url is {asked.hub.url}: the hub would answer on that machine alone; write "
            "the name or the address that people will type."
        )
    if secrets:
        found.append(
            f"it holds secrets ({', '.join(secrets)}): whoever may see the machine in the cloud's "
            "console can read them, but no student's server."
        )
    if elsewhere:
        found.append(
            f"{', '.join(elsewhere)}: named by the whole path, so the new machine must have it; "
            "what is beside hub.yaml is carried along."
        )
    return found
