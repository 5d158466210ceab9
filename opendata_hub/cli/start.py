"""``opendata-hub start`` and ``stop``: from a fresh machine to a hub people can use, and back."""

import os
import sys
from pathlib import Path

import click

from opendata_hub import places
from opendata_hub.cli import disk
from opendata_hub.cli.counting import count
from opendata_hub.cli.gate import Gate
from opendata_hub.cli.steps import steps
from opendata_hub.cli.welcome import lines, of_service
from opendata_hub.errors import MachineError, OpenDataError
from opendata_hub.install import removal, running
from opendata_hub.install.ground import set_up
from opendata_hub.machine import Say, daemon, foreground, notify, ports
from opendata_hub.settings import Settings, defaults, exposure, load
from opendata_hub.settings.access import access
from opendata_hub.settings.address import PORTS_ABOVE
from opendata_hub.settings.load import NAME
from opendata_hub.settings.model import Ports
from opendata_hub.settings.state import State

CONFIG = Path(NAME)


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The hub's settings.  [default: hub.yaml, where there is one]",
)
@click.option("--port", type=click.IntRange(1, 65535 - PORTS_ABOVE), help="Instead of hub.url's.")
@click.option("--prepare", is_flag=True, help="Set this machine up, but do not run the hub.")
@click.option(
    "--make-disk",
    metavar="SIZE",
    callback=lambda _context, _option, value: disk.read_size(value) if value else None,
    help="Where homes shall be on btrfs and are not, make a disk of this size in a file.",
)
def start(config: Path | None, port: int | None, prepare: bool, make_disk: int | None) -> None:
    """
    Set this machine up and run the hub until Ctrl-C.

    Installs what is missing (Docker Engine, the proxy), makes the images, runs the hub. Where no
    engine can be reached it runs a preview on this machine alone, without containers.
    """
    try:
        config = config or find_config()
        settings = load(config) if config else defaults(places.ASSETS)
        mark = running.mark(settings, config) if notify.is_service() else ""
        exposure.require_meant(settings, NAME)
        needed = disk.wanted(settings, make_disk)
        with steps() as say:
            disk.prepare(settings, needed, say)
            isolated = _set_up(settings, say)
        if not prepare:
            _run(config, settings, port, isolated, mark)
    except OpenDataError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


@click.command()
def stop() -> None:
    """Stop every server on this machine's engine. Homes and images stay."""
    try:
        found = removal.servers(daemon.connect())
    except OpenDataError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    removal.stop(found)
    click.echo(f"Stopped {count(len(found), 'server')}.")


def _set_up(settings: Settings, say: Say) -> bool:
    """Make this machine ready; a service has no right to, so that it says who has."""
    if not notify.is_service():
        return set_up(settings, access(settings), say, may_preview=True)
    try:
        return set_up(settings, access(settings), say, may_preview=False)
    except MachineError as error:
        raise MachineError(
            f"{error}\nWhat is missing on this machine is brought by: sudo opendata-hub install"
        ) from None


def find_config() -> Path | None:
    """Return the hub.yaml in the working directory, of this checkout, or of the installed hub."""
    ours = [places.ASSETS] if places.IS_CHECKOUT else []
    files = (folder / CONFIG for folder in (Path.cwd(), *ours, places.CONFIG))
    return next((file for file in files if file.is_file()), None)


def _run(
    config: Path | None, settings: Settings, port: int | None, isolated: bool, mark: str
) -> None:
    settings = _at(settings, port)
    own, gate = settings.hub.ports, Gate(settings) if _has_gate(settings, isolated) else None
    if gate:
        gate.prepare(own[1:])
    else:
        ports.require_free(*own[1:])
    command = [sys.executable, "-m", "jupyterhub", "-f", str(_hub_config(settings))]
    health = f"{settings.hub.inside}/hub/health"
    environment = _environment(config, settings.hub.port, isolated)
    state = State(settings.folder)
    known = len(state.known_logins())
    last = _last_to_listen(settings, own, isolated)

    def is_up() -> bool:
        # Asked before the hub is there, its proxy logs errors that would only worry people.
        here = all(map(ports.is_listening, last)) and foreground.answers(health)
        return here and (gate is None or gate.is_settled())

    def ready() -> None:
        nonlocal known
        new = state.known_logins()[known:]
        known += len(new)
        if notify.is_service():
            running.note(mark)
            notify.ready(f"The hub runs at {settings.hub.at(settings.hub.port)}")
            click.echo("\n".join(of_service(settings, gate)))
        else:
            click.echo("\n".join((*lines(settings, isolated, new, gate), "")))

    foreground.run(command, environment, is_up, ready, click.echo)


def _at(settings: Settings, port: int | None) -> Settings:
    """Return the settings of a hub at another port."""
    url = settings.hub.at(port) if port else settings.hub.url
    return settings.model_copy(update={"hub": settings.hub.model_copy(update={"url": url})})


def _has_gate(settings: Settings, isolated: bool) -> bool:
    """Whether Caddy is in front: not of a preview, which is for this machine alone."""
    return settings.hub.is_https and isolated


def _last_to_listen(settings: Settings, own: Ports, isolated: bool) -> list[int]:
    """Ports of the hub and of its services, for which it waits before it opens its pages."""
    if not isolated or not _is_plain(_hub_config(settings)):
        return [own.hub]  # nobody knows which services there are
    services = {
        own.homes: True,
        own.images: settings.pulling.enabled,
        own.culling: settings.culling.enabled,
    }
    return [own.hub, *(port for port, runs in services.items() if runs)]


def _hub_config(settings: Settings) -> Path:
    """``jupyterhub_config.py``: the one beside hub.yaml, else that of this checkout."""
    for folder in (settings.folder, places.ASSETS):
        if (folder / "jupyterhub_config.py").is_file():
            return folder / "jupyterhub_config.py"
    raise MachineError(
        f"There is no jupyterhub_config.py in {settings.folder}; make one with the two lines "
        "`from opendata_hub.settings import configure` and `configure(c)`."
    )


def _is_plain(file: Path) -> bool:
    """Whether it has the two lines alone, and nothing of somebody's own."""
    return file.read_bytes() == (places.ASSETS / "jupyterhub_config.py").read_bytes()


def _environment(config: Path | None, port: int, isolated: bool) -> dict[str, str]:
    environment = {**os.environ, "OPENDATA_HUB_PORT": str(port), "OPENDATA_HUB_LOGINS": "quiet"}
    # The hub and its proxy find their programs beside this Python, also without an activated shell.
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    if config:
        environment["OPENDATA_HUB_CONFIG"] = str(config.resolve())
    if not isolated:
        environment["OPENDATA_HUB_PREVIEW"] = "1"
    environment.pop(notify.SOCKET, None)  # Caddy would tell that it is ready, and the hub is not
    return environment
