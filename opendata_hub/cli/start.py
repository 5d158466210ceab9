"""``opendata-hub start`` and ``stop``: from a fresh machine to a hub people can use, and back."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import docker
from docker.errors import NotFound
from docker.models.containers import Container

from opendata_hub import places
from opendata_hub.catalogue import Image, default_of
from opendata_hub.cli import disk
from opendata_hub.cli.counting import count
from opendata_hub.cli.gate import Gate
from opendata_hub.cli.steps import steps
from opendata_hub.cli.welcome import lines
from opendata_hub.errors import EngineUnreachable, MachineError, OpenDataError
from opendata_hub.homes import SERVERS
from opendata_hub.machine import (
    Say,
    caddy,
    certs,
    daemon,
    foreground,
    images,
    ports,
    preview,
    proxy,
)
from opendata_hub.machine.access import Access
from opendata_hub.machine.network import nft
from opendata_hub.settings import Settings, defaults, exposure, load
from opendata_hub.settings.access import access
from opendata_hub.settings.address import PORTS_ABOVE
from opendata_hub.settings.load import NAME
from opendata_hub.settings.model import Ports
from opendata_hub.settings.state import State

CONFIG = Path(NAME)

_GRACE = 10  # seconds that a server has to save and end


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
        exposure.require_meant(settings, NAME)
        needed = disk.wanted(settings, make_disk)
        with steps() as say:
            disk.prepare(settings, needed, say)
            isolated = _set_up(settings, say)
        if not prepare:
            _run(config, settings, port, isolated)
    except OpenDataError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


@click.command()
def stop() -> None:
    """Stop every server on this machine's engine. Homes and images stay."""
    try:
        servers = _servers(daemon.connect())
    except OpenDataError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    with ThreadPoolExecutor() as pool:
        list(pool.map(_end, servers))
    click.echo(f"Stopped {count(len(servers), 'server')}.")


def _servers(client: docker.DockerClient) -> list[Container]:
    found: list[Container] = client.containers.list(
        all=True, filters={"label": SERVERS}, ignore_removed=True
    )
    return found


def _end(server: Container) -> None:
    try:
        server.stop(timeout=_GRACE)
        server.remove(force=True)
    except NotFound:
        return  # the hub or its user was quicker


def find_config() -> Path | None:
    """Return the hub.yaml in the working directory, of this checkout, or of the installed hub."""
    ours = [places.ASSETS] if places.IS_CHECKOUT else []
    files = (folder / CONFIG for folder in (Path.cwd(), *ours, places.CONFIG))
    return next((file for file in files if file.is_file()), None)


def _set_up(settings: Settings, say: Say) -> bool:
    """Make this machine ready; return whether servers are containers (else it is a preview)."""
    way = access(settings)
    with way.taken():
        return _set_up_from(settings, way, say)


def _set_up_from(settings: Settings, way: Access, say: Say) -> bool:
    try:
        client = daemon.ensure(say, way.of_engine)
    except EngineUnreachable as error:
        say(f"{error}\nUntil then this is a preview: servers run as processes of this machine.")
        client = None
    proxy.ensure(say)
    if client:
        if settings.network.isolate:
            nft.ensure(say)
        if settings.hub.is_https:
            caddy.ensure(say)
        certs.ensure(way.site.ca_bundle, settings.hosts, say)
        images.ensure(client, settings.catalogue, say, way)
        _tell_of_others(images.unbuilt(client, settings.catalogue), settings.pulling.enabled, say)
    else:
        preview.ensure(_recipes(settings), say)
    return client is not None


def _tell_of_others(unbuilt: list[Image], by_service: bool, say: Say) -> None:
    if unbuilt:
        say(f"Not built, or not as their recipes say: {', '.join(i.slug for i in unbuilt)}")
        by_hand = f"{Path(sys.executable).with_name('opendata-hub')} images build"
        say(
            f"The hub builds them while it runs; to have them before: {by_hand}"
            if by_service
            else f"To build them: {by_hand}"
        )


def _recipes(settings: Settings) -> list[Path]:
    """Recipe folders whose Python packages the preview needs: the base, and the default image."""
    default = default_of(settings.catalogue.images)
    base = places.ASSETS / "images" / "base"
    return [base, *([default.build] if default and default.build else [])]


def _run(config: Path | None, settings: Settings, port: int | None, isolated: bool) -> None:
    settings = _at(settings, port)
    own, gate = settings.hub.ports, Gate(settings) if _has_gate(settings, isolated) else None
    if gate:
        gate.prepare(own[1:])
    else:
        ports.require_free(*own[1:])
    command = [sys.executable, "-m", "jupyterhub", "-f", str(_hub_config(settings))]
    health = f"{settings.hub.inside}/hub/health"
    environment = _environment(config, settings.hub.port, isolated)
    known = len(_logins(settings))

    last = _last_to_listen(settings, own, isolated)

    def is_up() -> bool:
        # Asked before the hub is there, its proxy logs errors that would only worry people.
        here = all(map(ports.is_listening, last)) and foreground.answers(health)
        return here and (gate is None or gate.is_settled())

    def ready() -> None:
        nonlocal known
        new = _logins(settings)[known:]
        known += len(new)
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
    if not isolated or _hub_config(settings).parent != places.ASSETS:
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


def _environment(config: Path | None, port: int, isolated: bool) -> dict[str, str]:
    environment = {**os.environ, "OPENDATA_HUB_PORT": str(port), "OPENDATA_HUB_LOGINS": "quiet"}
    # The hub and its proxy find their programs beside this Python, also without an activated shell.
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    if config:
        environment["OPENDATA_HUB_CONFIG"] = str(config.resolve())
    if not isolated:
        environment["OPENDATA_HUB_PREVIEW"] = "1"
    return environment


def _logins(settings: Settings) -> list[str]:
    """Lines of the file to which the hub adds each login that it makes; none before the first."""
    file = State(settings.folder).logins
    return file.read_text("utf-8").splitlines() if file.exists() else []
