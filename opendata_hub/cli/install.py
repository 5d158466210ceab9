"""``opendata-hub install``: a machine that is a hub, and stays one."""

import sys
import time
from pathlib import Path

import click

from opendata_hub.cli import disk
from opendata_hub.cli.steps import in_words, steps
from opendata_hub.install import progress, systemd
from opendata_hub.install.furnishing import file
from opendata_hub.install.installing import Installed, Wish
from opendata_hub.install.installing import install as run
from opendata_hub.machine import Say
from opendata_hub.settings import Settings
from opendata_hub.settings.login import NATIVE
from opendata_hub.settings.state import State

_MARKS = {"done": "done", "running": "under way", "failed": "FAILED", "waiting": "to come"}


@click.command()
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A hub.yaml to take, with what lies beside it and it names; else the one that is there.",
)
@click.option(
    "--data-disk",
    metavar="DEVICE",
    help="A disk for homes and data, mounted at each boot. A blank one is formatted, no other.",
)
@click.option(
    "--make-disk",
    metavar="SIZE",
    callback=lambda _context, _option, value: disk.read_size(value) if value else None,
    help="Where homes shall be on btrfs and are not, make a disk of this size in a file.",
)
@click.option(
    "--bundle",
    metavar="FILE",
    type=click.Path(path_type=Path, resolve_path=True),
    help="What `opendata-hub bundle` packed, for a machine without network.",
)
@click.option("--status", is_flag=True, help="Only say how far an installation is.")
@in_words()
def install(
    config: Path | None,
    data_disk: str | None,
    make_disk: int | None,
    bundle: Path | None,
    status: bool,
) -> None:
    """
    Make this machine a hub that starts at boot, with its hub.yaml in /etc.

    Run it again after a change of hub.yaml: it changes what differs, and starts the hub again if
    that reads something else now. Servers of people go on meanwhile.
    """
    if status:
        _tell_status()
        return
    words = _words(config, data_disk, make_disk, bundle)
    wish = Wish(config, data_disk, words, bundle)

    def prepare(settings: Settings, say: Say) -> None:
        disk.prepare(settings, disk.wanted(settings, make_disk), say)

    with steps() as say:
        done = run(wish, prepare, say)
    click.echo("\n".join(_told(done)))


def _words(
    config: Path | None, data_disk: str | None, make_disk: int | None, bundle: Path | None
) -> tuple[str, ...]:
    given = {
        "--config": config and str(config.resolve()),
        "--data-disk": data_disk,
        "--make-disk": make_disk and f"{make_disk // 2**20}M",
        "--bundle": bundle and str(bundle),
    }
    return tuple(word for name, value in given.items() if value for word in (name, value))


def _tell_status() -> None:
    found = progress.read()
    if not found:
        state = "runs" if systemd.is_active(systemd.HUB) else "does not run"
        click.echo(f"Nothing has been installed since the machine was started. The hub {state}.")
        return
    for step in found["steps"]:
        since = time.strftime("%H:%M:%S", time.localtime(step["since"]))
        when = f", {since}" if step["state"] != "waiting" else ""
        click.echo(f"{step['name']}: {_MARKS.get(step['state'], step['state'])}{when}")
    if found["problem"]:
        click.echo(found["problem"])
        click.echo("When that is mended, run the same command again, with the same options.")
        raise SystemExit(1)
    if found["url"]:
        click.echo(found["url"])


def _told(done: Installed) -> list[str]:
    settings = done.settings
    state = "runs" if done.is_started else "runs as before: nothing has changed that it reads"
    said = ["", f"The hub {state}, at {settings.hub.at(settings.hub.port)}"]
    if done.logins and sys.stdout.isatty():  # cloud-init's log is shown in the cloud's console
        said += ["New logins:", *(f"  {login}" for login in done.logins)]
    if settings.login.method == NATIVE:
        said += [f"Logins made so far are in {State(settings.folder).logins}; only root reads it."]
    if place := settings.backup.to:
        said.append(f"Each night at {settings.backup.at} all of it is saved to {place}. Once now:")
        said.append(f"  sudo opendata-hub backup --keep {settings.backup.keep} {place}")
    return [
        *said,
        f"To change it: edit {file()}, then: sudo opendata-hub install",
        "Is it ready for a class: sudo opendata-hub doctor. Its log: journalctl -u opendata-hub",
    ]
