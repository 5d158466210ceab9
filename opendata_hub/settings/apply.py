"""Checked settings -> the traitlets of JupyterHub, its proxy, its login and our spawner."""

import os
from pathlib import Path
from typing import Any

import click
import nativeauthenticator

import opendata_hub
from opendata_hub import bounds, clock, downstream, teaching
from opendata_hub.engine import subnets
from opendata_hub.errors import ConfigError, OpenDataError
from opendata_hub.fields import check
from opendata_hub.lessons import HANDLERS
from opendata_hub.machine import proxy
from opendata_hub.machine.access import Access
from opendata_hub.rehearsal import rights
from opendata_hub.services import classes, culling, homes, images, snapshots
from opendata_hub.settings import (
    accounts,
    database,
    datasets,
    entering,
    exposure,
    isolation,
    login,
    sealing,
    storage,
    tls,
    upgrading,
)
from opendata_hub.settings import audit as audits
from opendata_hub.settings import classes as class_entries
from opendata_hub.settings import culling as cullings
from opendata_hub.settings import snapshots as earlier
from opendata_hub.settings.access import IN_SERVER, access, environment, mounts
from opendata_hub.settings.load import NAME, defaults, load
from opendata_hub.settings.model import Hub, Settings
from opendata_hub.settings.state import State

NETWORK = "opendata-hub"
"""What images stand on that are tried by hand; each hub's servers have one of their own."""

PREVIEW_BANNER = (
    "Preview: servers run as plain processes of this machine and nothing separates them. "
    "For a look around, not for a class."
)


def configure(
    c: Any,
    path: str | Path | None = None,
    port: int | None = None,
    beside: str | Path | None = None,
) -> None:
    """
    Set JupyterHub up as hub.yaml says.

    The environment goes first: ``OPENDATA_HUB_CONFIG`` (path), ``OPENDATA_HUB_PORT``, and
    ``OPENDATA_HUB_PREVIEW=1`` for servers as local processes on loopback.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
        path: a hub.yaml that must exist. Without it, one that may exist: else all is default.
        port: instead of the one in ``hub.url``.
        beside: file in whose folder that hub.yaml is sought, else in the working directory.

    Raises:
        SystemExit: something is wrong; its text is one sentence per fault.
    """
    try:
        folder = Path(beside).parent if beside else Path.cwd()
        settings = _settings(os.environ.get("OPENDATA_HUB_CONFIG") or path, folder)
        settings = _at_port(settings, os.environ.get("OPENDATA_HUB_PORT") or port)
        apply(c, settings, preview=os.environ.get("OPENDATA_HUB_PREVIEW") == "1")
    except OpenDataError as error:
        raise SystemExit(str(error)) from None


def apply(c: Any, settings: Settings, preview: bool = False) -> None:
    """
    Write ``settings`` into the configuration ``c``; make folder, accounts and network first.

    Raises:
        OpenDataError: the machine is not ready: no proxy, no engine, no right to write.
    """
    if not preview:  # which answers on loopback only
        exposure.require_meant(settings, NAME)
    clock.steady()
    state = State(settings.folder)
    state.make()
    _addresses(c, settings.hub, preview)
    _state(c, state)
    _pages(c, settings, preview)
    entering.add(c, settings)
    _groups(c, settings)
    _servers(c, settings)
    way = access(settings)
    if preview:
        _local_servers(c, state)
        c.Spawner.environment = environment(settings, (), str(way.bundle))
    else:
        _containers(c, settings)
        _homes(c, settings)
        _site(c, settings, way)
        tls.add(c, settings, way)
        if settings.network.internal_ssl:
            sealing.add(c, state, settings.hub.host)
        _images(c, settings, way)
        _culling(c, settings, state)
        datasets.tidy(settings)
    _classes(c, settings)
    teaching.keep_apart()
    rights.add(c)
    downstream.believe_own_proxy_only(bool(settings.hub.is_https or settings.hub.loopback))
    bounds.set_bounds()
    audits.begin(c, settings, state)
    _prepare_database(settings, state)  # last: it tells passwords, once


def _settings(path: str | Path | None, folder: Path) -> Settings:
    if path:
        return load(Path(path))
    file = folder / NAME
    return load(file) if file.exists() else defaults(folder)


def _at_port(settings: Settings, port: int | str | None) -> Settings:
    if port is None:
        return settings
    if not (str(port).isascii() and str(port).isdecimal()):
        raise ConfigError(f"The port is {str(port)!r}; write a whole number, such as 8000.")
    asked = {**settings.hub.model_dump(), "url": settings.hub.at(int(port))}
    return settings.model_copy(update={"hub": check(Hub, asked, f"with port {port}")})


def _addresses(c: Any, hub: Hub, preview: bool) -> None:
    """All ports follow from the public one, so that two hubs can live on one machine."""
    everywhere = not (hub.is_https or hub.loopback or preview)
    c.JupyterHub.bind_url = f"http://:{hub.port}" if everywhere else hub.inside
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{hub.ports.proxy}"
    c.ConfigurableHTTPProxy.command = _proxy()
    c.JupyterHub.hub_port = hub.ports.hub


def _proxy() -> list[str]:
    found = proxy.command()
    if not found:
        raise ConfigError(
            "The proxy 'configurable-http-proxy' is not installed; install it with "
            "'npm install --global configurable-http-proxy', or start the hub with './start'."
        )
    return found


def _state(c: Any, state: State) -> None:
    c.JupyterHub.db_url = state.database
    c.JupyterHub.db_kwargs = database.OPTIONS
    database.quicken()
    c.JupyterHub.cookie_secret_file = str(state.cookie_secret)
    c.ConfigurableHTTPProxy.pid_file = str(state.proxy_pid)
    c.JupyterHub.cleanup_servers = False  # the next start of the hub finds them again


def _pages(c: Any, settings: Settings, preview: bool) -> None:
    native = settings.login.method == login.NATIVE
    ours = Path(opendata_hub.__file__).parent / "templates"
    theirs = Path(nativeauthenticator.__file__).parent / "templates"
    c.JupyterHub.template_paths = [str(ours), *([str(theirs)] if native else [])]
    c.JupyterHub.template_vars = {"hub_title": settings.hub.title, "native_login": native}
    c.JupyterHub.extra_handlers = [*HANDLERS]
    if preview:
        c.JupyterHub.template_vars["announcement"] = PREVIEW_BANNER


def _groups(c: Any, settings: Settings) -> None:
    c.JupyterHub.load_groups = {
        name: {"users": list(users), "properties": accounts.GROUP_SOURCE}
        for name, users in settings.groups.items()
    }


def _servers(c: Any, settings: Settings) -> None:
    spawner, limits = c.OpenDataSpawner, settings.limits
    c.JupyterHub.concurrent_spawn_limit = 0  # no limit: a full hub makes people wait, not fail
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.named_server_limit_per_user = 2
    spawner.catalogue = (
        str(settings.images) if isinstance(settings.images, Path) else settings.images
    )
    spawner.lock = str(settings.lock)
    spawner.registries = settings.registries
    spawner.custom_image = settings.custom_image
    spawner.datasets = {
        name: {**dataset.share.model_dump(), "path": str(dataset.path)}
        for name, dataset in settings.datasets.items()
    }
    spawner.welcome = str(settings.homes.welcome or "")
    spawner.process_limit = limits.processes
    spawner.disk_reserve = limits.disk_reserve
    if settings.start.slots:
        spawner.start_slots = settings.start.slots
    spawner.start_reserve = settings.start.reserve
    spawner.start_patience = settings.start.patience
    c.Spawner.mem_limit = limits.memory
    c.Spawner.mem_guarantee = limits.guarantee
    c.Spawner.cpu_limit = limits.cpu


def _prepare_database(settings: Settings, state: State) -> None:
    upgrading.upgrade(state, settings.hub.ports.hub, click.echo)
    new: dict[str, str] = {}
    try:
        with accounts.hub_database(state.database) as db:
            accounts.drop_members(db, settings.groups)
            if settings.login.method == login.NATIVE:
                new = accounts.ensure_accounts(db, _trusted(settings), state.logins)
    except OSError as error:
        raise ConfigError(f"{state.logins} cannot be written: {error.strerror}.") from None
    if os.environ.get("OPENDATA_HUB_LOGINS") == "quiet":
        return  # `opendata-hub start` tells them, under the address
    for user, password in new.items():
        click.echo(f"New login: {user}  password: {password}")
    if new:
        click.echo(f"Kept in {state.logins}, which only this user can read.")


def _trusted(settings: Settings) -> list[str]:
    teachers = class_entries.instructors(settings.classes)
    entry = settings.login
    allowed = (*entry.allow.users, *entry.options.get("allowed_users", ()))
    return [*entry.admins, *teachers, *allowed]


def _containers(c: Any, settings: Settings) -> None:
    c.JupyterHub.spawner_class = "opendata"
    ground = isolation.prepare(c, settings)
    c.JupyterHub.hub_ip = ground.gateway
    c.DockerSpawner.network_name = ground.name
    c.DockerSpawner.use_internal_ip = True


def _homes(c: Any, settings: Settings) -> None:
    spawner, places = c.OpenDataSpawner, storage.settle(settings)
    spawner.home_storage, spawner.home_path = places.here
    spawner.home_identity = places.identity
    spawner.former_homes = list(places.former)
    spawner.home_quota = settings.homes.quota
    _usage(c, settings, places)
    _snapshots(c, settings, places)


def _usage(c: Any, settings: Settings, places: storage.Places) -> None:
    told = homes.Config(
        storage=places.kind,
        path=settings.homes.path,
        identity=places.identity,
        has_quota=settings.homes.quota is not None,
    )
    homes.add(c, settings.hub.ports.homes, told)
    c.JupyterHub.template_vars["homes_page"] = True


def _snapshots(c: Any, settings: Settings, places: storage.Places) -> None:
    entry, archives = settings.homes.snapshots, State(settings.folder).snapshots
    if entry.enabled:
        snapshots.add(c, earlier.config(entry, *places.here, places.identity, archives))


def _classes(c: Any, settings: Settings) -> None:
    if lessons := class_entries.lessons(settings.classes, settings.groups):
        classes.add(c, lessons)
    if taught := class_entries.taught(settings.classes, settings.groups):
        teaching.add(c, {group: found.instructors for group, found in taught.items()})


def _culling(c: Any, settings: Settings, state: State) -> None:
    if settings.culling.enabled:
        lessons = class_entries.lessons(settings.classes, settings.groups)
        config = cullings.config(settings.culling, lessons, state.kept)
        culling.add(c, config, settings.hub.ports.culling)
        c.JupyterHub.template_vars["stop_warning"] = True


def _images(c: Any, settings: Settings, way: Access) -> None:
    if settings.pulling.enabled:
        images.add(
            c,
            settings.hub.ports.images,
            settings.images or [],
            settings.folder,
            settings.lock,
            settings.pulling.check_every,
            settings.pulling.watermark,
            way,
        )


def _site(c: Any, settings: Settings, way: Access) -> None:
    hub = c.JupyterHub.hub_ip, *subnets(c.DockerSpawner.network_name)
    near = hub if settings.site.http_proxy else ()
    c.Spawner.environment = environment(settings, near, IN_SERVER)
    c.DockerSpawner.mounts = mounts(way)


def _local_servers(c: Any, state: State) -> None:
    c.JupyterHub.spawner_class = "opendata-preview"
    c.OpenDataPreviewSpawner.folder = str(state.folder / "preview")
    c.JupyterHub.hub_ip = "127.0.0.1"
    c.JupyterHub.cleanup_servers = True  # plain processes have nothing to be found again by
