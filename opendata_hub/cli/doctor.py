"""``opendata-hub doctor``: is this machine ready for a class, and if not, what mends it."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from opendata_hub import places
from opendata_hub.cli import findings, looks, side_by_side
from opendata_hub.cli.check import summary
from opendata_hub.cli.counting import count
from opendata_hub.cli.start import CONFIG, find_config
from opendata_hub.errors import ConfigError
from opendata_hub.machine.health import Finding, Level, fault, ok, warning
from opendata_hub.settings import Settings, defaults, hazards, load

PATIENCE = 60.0
"""Seconds for all of it. It takes a few; what servers reach, tried from inside, takes longest."""


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The hub's settings.  [default: hub.yaml, where there is one]",
)
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def doctor(config: Path | None, as_json: bool) -> None:
    """
    Say whether this machine is ready for a class, and what mends what is not.

    Looks at the settings, the service, the engine, disks and memory, limits of the kernel, ports,
    name and certificate, proxy, images, homes, datasets, backup and clock, tries from inside a
    container what servers reach, and changes nothing. With sudo it sees more. The exit code is 1 if
    there is a fault, else 0.
    """
    found = _examine(config)
    faults, warnings = _print_json(found) if as_json else _print(found)
    if not as_json:
        click.echo(f"\n{_verdict(faults, warnings)}")
    raise SystemExit(1 if faults else 0)


def _print(found: Iterable[Finding]) -> tuple[int, int]:
    """Print each as it comes; return how many faults and warnings there are."""
    levels = []
    for finding in found:
        click.echo(findings.lines(finding))
        levels.append(finding.level)
    return levels.count(Level.FAULT), levels.count(Level.WARNING)


def _print_json(found: Iterable[Finding]) -> tuple[int, int]:
    table = [findings.plain(finding) for finding in found]
    levels = [entry["level"] for entry in table]
    faults, warnings = levels.count("fault"), levels.count("warning")
    told = {"faults": faults, "warnings": warnings, "findings": table}
    click.echo(json.dumps(told, indent=2))
    return faults, warnings


def _verdict(faults: int, warnings: int) -> str:
    if not faults and not warnings:
        return "All is well."
    found = {"fault": faults, "warning": warnings}
    return f"{' and '.join(count(number, what) for what, number in found.items() if number)}."


def _examine(config: Path | None) -> Iterator[Finding]:
    """Yield what each look finds, one after the other."""
    settings, told = _settings(config)
    yield from told
    wanted = looks.of_hub(settings) if settings else looks.of_machine()
    yield from side_by_side.all_of(wanted, PATIENCE)


def _settings(config: Path | None) -> tuple[Settings | None, list[Finding]]:
    """Return the settings that the other looks go by, and what there is to say about them."""
    file = config or find_config()
    try:
        if file is None:
            text = "there is no hub.yaml here; everything has its default."
            return defaults(Path.cwd()), [ok("Settings", text)]
        settings = load(file)
    except ConfigError as error:
        return _fall_back(file or CONFIG, str(error))
    told = [ok("Settings", f"{_named(file)} is fine: {summary(settings)}.")]
    if hazard := hazards.open_secrets(file, settings.login.model_dump()):
        told.append(warning("Settings", hazard, f"chmod go= {file}"))
    return settings, told


def _named(file: Path) -> str:
    """The name of the file, in full where it is the installed hub's, which nobody has named."""
    return str(file) if file.parent == places.CONFIG else file.name


def _fall_back(file: Path, faults: str) -> tuple[Settings | None, list[Finding]]:
    is_closed = file.exists() and not os.access(file, os.R_OK)
    mend = "run this command with sudo" if is_closed else "mend that line, then look again"
    told = [fault("Settings", line, mend) for line in faults.splitlines()]
    note = "until that is mended, the checks below go by the defaults."
    try:
        settings = defaults(file.parent)
    except ConfigError:
        return None, told
    return settings, [*told, warning("Settings", note, f"opendata-hub check {file}")]
