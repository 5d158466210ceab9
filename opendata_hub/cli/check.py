"""``opendata-hub check`` and ``opendata-hub schema``: what hub.yaml says, and what it may say."""

import json
from pathlib import Path

import click

from opendata_hub.cli.counting import count
from opendata_hub.errors import ConfigError
from opendata_hub.settings import HubFile, Settings, entering, exposure, hazards, load, storage


@click.command()
@click.argument("file", default="hub.yaml", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """
    Check hub.yaml and everything it names, without starting anything.

    Each fault is one line on stderr; then the exit code is 1.
    """
    try:
        settings = load(file)
        _require_homes(settings, file.name)
        exposure.require_meant(settings, file.name)
    except ConfigError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    click.echo(f"{file.name} is fine: {summary(settings)}.")
    for line in (*entering.registration(settings), *absent(settings)):
        click.echo(line)
    for warning in exposure.warnings(settings):
        click.echo(f"Warning: {warning}", err=True)
    if hazard := hazards.open_secrets(file, settings.login.model_dump()):
        click.echo(f"Warning: {hazard} Close it: chmod go= {file}", err=True)


def _require_homes(settings: Settings, where: str) -> None:
    if faults := [f"{where}: {fault}" for fault in storage.faults(settings)]:
        raise ConfigError("\n".join(faults))


def summary(settings: Settings) -> str:
    """Say in one line what a hub with these settings offers, and to whom."""
    images, datasets = len(settings.catalogue.images), len(settings.datasets)
    parts = [count(images, "image"), count(datasets, "dataset")]
    if settings.groups:
        parts.append(count(len(settings.groups), "group"))
    return f"{', '.join(parts)}, login by {settings.login.method}, at {settings.hub.url}"


def absent(settings: Settings, program: str = "opendata-hub") -> list[str]:
    """Say which datasets are yet to be fetched, and how."""
    fetched = {name: entry.share for name, entry in settings.datasets.items() if entry.is_fetched}
    names = " ".join(name for name, share in fetched.items() if share.place is None)
    if not names:
        return []
    return [
        f"Not here yet, and servers start without: {names}. Get it: {program} data fetch {names}"
    ]


@click.command()
def schema() -> None:
    """Print the JSON schema of hub.yaml, from which editors check and complete it."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "hub.yaml"}
    click.echo(json.dumps({**HubFile.model_json_schema(), **head}, indent=2))
