"""What ``opendata-hub doctor`` looks at, for a hub with these settings."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import docker

from opendata_hub import places
from opendata_hub.cli import gate
from opendata_hub.cli.side_by_side import Look
from opendata_hub.engine.refusals import translated
from opendata_hub.errors import EngineError, EngineUnreachable, MachineError
from opendata_hub.install import systemd
from opendata_hub.machine import daemon
from opendata_hub.machine import network as networks
from opendata_hub.machine.health import (
    Finding,
    backup,
    clock,
    data_disk,
    datasets,
    engine,
    fault,
    homes,
    https,
    images,
    kernel,
    network,
    outside,
    ports,
    proxy,
    site,
    space,
    unit,
    warning,
)
from opendata_hub.services.https.obstacles import LETS_ENCRYPT
from opendata_hub.settings import Settings, isolation, storage
from opendata_hub.settings.backup import read_note
from opendata_hub.settings.state import State


def of_machine() -> list[Look]:
    """Return what can be looked at where hub.yaml has faults, and so has what it stands on."""
    return [
        Look("Engine", _engine),
        Look("Disk", partial(_disk, None)),
        Look("Proxy", lambda: [proxy.check()]),
        Look("Clock", lambda: [clock.check()]),
    ]


def of_hub(settings: Settings) -> list[Look]:
    """Return all that there is to look at."""
    return [
        Look("Service", lambda: unit.check(systemd.HUB)),
        Look("Engine", _engine),
        Look("Disk", partial(_disk, settings)),
        Look("Data disk", partial(_data_disk, settings)),
        Look("Memory", partial(_memory, settings)),
        Look("Images", partial(_images, settings)),
        Look("Network", partial(_network, settings)),
        Look("Proxy", lambda: [proxy.check()]),
        Look("Ports", partial(_ports, settings)),
        *_address(settings),
        Look("Homes", partial(_homes, settings)),
        Look("Datasets", lambda: datasets.check(settings.datasets if daemon.is_local() else {})),
        Look("Backup", partial(_backup, settings)),
        Look("Clock", partial(_clock, settings)),
    ]


def _engine() -> Iterator[Finding]:
    try:
        client = daemon.connect(timeout=engine.PATIENCE)
    except EngineUnreachable:
        yield engine.judge_silence(engine.look_into_silence())
        return
    with closing(client):
        try:
            with translated():
                yield from _answering(client)
        except EngineError as error:
            yield fault("Engine", f"it answered at first, and then: {error}", "look again")


def _answering(client: docker.DockerClient) -> Iterator[Finding]:
    info = client.info()
    yield engine.judge_version(client.version())
    yield from engine.judge_way(info, engine.boots())
    yield from engine.judge_limits(info)
    yield from engine.judge_walls(info)
    yield engine.judge_calls(info)


def _disk(settings: Settings | None) -> list[Finding]:
    return space.check_disks(_places(settings))


def _places(settings: Settings | None) -> dict[str, Path]:
    found, root = {}, _root()
    if root:
        found["images"] = found["homes"] = root
    if settings:
        found["the hub's own files"] = _standing(State(settings.folder).folder)
        if settings.homes.path:
            found["homes"] = settings.homes.path
    return found


def _standing(folder: Path) -> Path:
    """The folder, or that in which it will be made."""
    return next((path for path in (folder, *folder.parents) if path.is_dir()), folder)


def _root() -> Path | None:
    """The engine's own folder, where that is on this machine."""
    if not daemon.is_local():
        return None
    try:
        with closing(daemon.connect(timeout=engine.PATIENCE)) as client:
            return Path(client.info()["DockerRootDir"])
    except (EngineUnreachable, LookupError):
        return None


def _data_disk(settings: Settings) -> Iterator[Finding]:
    mount = systemd.mount_name(places.DATA) if daemon.SYSTEMD.is_dir() else ""
    if mount and systemd.text_of(mount):
        yield data_disk.judge_mount(mount, places.DATA, places.DATA.is_mount())
    folders = [places.DATA, settings.homes.path, *(d.path for d in settings.datasets.values())]
    yield from data_disk.check_errors(filter(None, folders))


def _memory(settings: Settings) -> Iterator[Finding]:
    limits = settings.limits
    sizes = (_total(), limits.memory, limits.guarantee, settings.start.reserve)
    students = space.starting(*sizes)
    yield space.judge_memory(*sizes)
    classes = {entry.key: len(settings.groups[entry.key]) for entry in settings.classes}
    yield from space.judge_classes(classes, students)
    yield from kernel.check(students, _proxy(settings))


def _total() -> int:
    try:
        with closing(daemon.connect(timeout=engine.PATIENCE)) as client:
            return int(client.info().get("MemTotal") or space.memory())
    except EngineUnreachable:
        return space.memory()


def _proxy(settings: Settings) -> int | None:
    try:
        return int(State(settings.folder).proxy_pid.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _images(settings: Settings) -> Iterator[Finding]:
    try:
        client = daemon.connect(timeout=engine.PATIENCE)
    except EngineUnreachable:
        yield warning("Images", "not looked at, as that takes an engine.", "start that first")
        return
    with closing(client), translated():
        yield from site.check(client.info(), settings.site, settings.hosts)
        yield from images.check(client, settings.catalogue)


def _network(settings: Settings) -> Iterator[Finding]:
    """Try what servers reach, where the hub has made their network."""
    if not settings.network.isolate:
        yield network.judge_open()
        return
    try:
        found = isolation.ground(networks.name(settings.hub.port), make=False)
    except EngineUnreachable:
        return  # which is said already
    except EngineError:
        yield network.judge_absence()
        return
    policy = isolation.of(settings, found, settings.hub.ports.hub)
    try:
        proof = isolation.tried(settings, policy)
    except MachineError as error:
        yield warning("Network", str(error))
        return
    yield from network.judge(proof, policy) if proof else [network.judge_unseen()]


def _ports(settings: Settings) -> list[Finding]:
    hub = settings.hub
    health = f"{hub.inside}/hub/health"
    pid_file = State(settings.folder).proxy_pid
    return ports.judge(ports.look(hub.ports.pages, hub.ports[2:], health, pid_file))


def _address(settings: Settings) -> Iterator[Look]:
    """What people type, unless that is this machine for itself."""
    if settings.hub.is_https:
        yield Look("HTTPS", lambda: https.check(gate.address(settings)))
    if not settings.hub.loopback:
        yield Look("Name", lambda: outside.check(gate.target(settings)))


def _homes(settings: Settings) -> list[Finding]:
    entry = settings.homes
    if entry.path is None:
        return []
    return homes.check(entry.storage, entry.path, entry.quota, list(storage.faults(settings)))


def _backup(settings: Settings) -> Iterator[Finding]:
    state, place = State(settings.folder), settings.backup.to
    if state.folder.exists() and not os.access(state.folder, os.R_OK | os.X_OK):
        raise PermissionError(f"{state.folder} is closed to you")
    note = read_note(state)
    last = backup.Last(place or "", systemd.BACKUP.removesuffix(".service"))
    if note and place in (None, note.place):
        last = replace(last, place=note.place, good=note.saved, problem=note.problem or "")
    if place and not systemd.text_of(systemd.NIGHTLY):
        yield backup.judge_untimed(place)
    elif place:
        yield backup.judge(last, time.time())
    else:
        yield backup.judge_by_hand(last, time.time()) if note else backup.judge_none()


def _clock(settings: Settings) -> list[Finding]:
    """Compare with whom the hub asks anyway: its authority, or its login's provider."""
    is_asked = settings.hub.is_https and settings.https.kind == "acme"
    authority = settings.https.authority or LETS_ENCRYPT if is_asked else ""
    other = authority or settings.login.issuer or ""
    return [clock.check(other, settings.site.http_proxy)]
