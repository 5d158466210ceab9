"""``opendata-hub doctor``: is this machine ready for a class, and if not, what mends it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from opendata_hub.cli import findings, gate
from opendata_hub.cli.check import summary
from opendata_hub.cli.counting import count
from opendata_hub.cli.start import CONFIG
from opendata_hub.engine.refusals import translated
from opendata_hub.errors import ConfigError, EngineError, EngineUnreachable, MachineError
from opendata_hub.machine import daemon
from opendata_hub.machine import network as networks
from opendata_hub.machine.health import (
    Finding,
    Level,
    clock,
    datasets,
    engine,
    fault,
    homes,
    https,
    images,
    network,
    ok,
    ports,
    proxy,
    site,
    space,
    warning,
)
from opendata_hub.settings import Settings, defaults, hazards, isolation, load, storage
from opendata_hub.settings.state import State


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The hub's settings.  [default: hub.yaml, where there is one]",
)
def doctor(config: Path | None) -> None:
    """
    Say whether this machine is ready for a class, and what mends what is not.

    Looks at the settings, the engine, disk and memory, ports, certificate, proxy, images, datasets
    and clock, tries from inside a container what servers reach, and changes nothing. The exit code
    is 1 if there is a fault, else 0.
    """
    found = []
    for finding in _examine(config):
        click.echo(findings.lines(finding))
        found.append(finding.level)
    faults, warnings = found.count(Level.FAULT), found.count(Level.WARNING)
    click.echo(f"\n{_verdict(faults, warnings)}")
    raise SystemExit(1 if faults else 0)


def _verdict(faults: int, warnings: int) -> str:
    if not faults and not warnings:
        return "All is well."
    found = {"fault": faults, "warning": warnings}
    return f"{' and '.join(count(number, what) for what, number in found.items() if number)}."


def _examine(config: Path | None) -> Iterator[Finding]:
    """Yield what each check finds, one after the other."""
    settings, findings = _settings(config)
    yield from findings
    try:
        with translated():
            yield from _machine(settings)
    except EngineError as error:
        yield fault("Engine", f"it answered at first, and then: {error}")
    yield proxy.check()
    if settings:
        yield from _ports(settings)
        if settings.hub.is_https:
            yield from https.check(gate.address(settings))
        yield from _homes(settings)
        yield from datasets.check(settings.datasets if daemon.is_local() else {})
    yield clock.check()


def _settings(config: Path | None) -> tuple[Settings | None, list[Finding]]:
    """Return the settings that the other checks go by, and what there is to say about them."""
    file = config or CONFIG
    try:
        if not config and not file.exists():
            text = "there is no hub.yaml here; everything has its default."
            return defaults(Path.cwd()), [ok("Settings", text)]
        settings = load(file)
    except ConfigError as error:
        return _fall_back(file, str(error))
    findings = [ok("Settings", f"{file.name} is fine: {summary(settings)}.")]
    if hazard := hazards.open_secrets(file, settings.login.model_dump()):
        findings.append(warning("Settings", hazard, f"chmod go= {file}"))
    return settings, findings


def _fall_back(file: Path, faults: str) -> tuple[Settings | None, list[Finding]]:
    findings = [fault("Settings", line) for line in faults.splitlines()]
    note = "until that is mended, the checks below go by the defaults."
    try:
        settings = defaults(file.parent)
    except ConfigError:
        return None, findings
    return settings, [*findings, warning("Settings", note, f"opendata-hub check {file}")]


def _machine(settings: Settings | None) -> Iterator[Finding]:
    """Yield what the engine tells, or as much of that as can be told without one."""
    try:
        client = daemon.connect(timeout=engine.PATIENCE)
    except EngineUnreachable:
        yield engine.judge_silence(engine.look_into_silence())
        yield from _space({}, settings)
        yield warning("Images", "not looked at, as that takes an engine.")
        return
    with closing(client):
        info = client.info()
        yield engine.judge_version(client.version())
        yield from engine.judge_limits(info)
        yield from engine.judge_walls(info)
        yield engine.judge_calls(info)
        yield from _space(info, settings)
        if settings:
            yield from site.check(info, settings.site, settings.hosts)
            yield from images.check(client, settings.catalogue)
            yield from _network(settings)


def _network(settings: Settings) -> Iterator[Finding]:
    """Try what servers reach, where the hub has made their network."""
    if not settings.network.isolate:
        yield network.judge_open()
        return
    try:
        found = isolation.ground(networks.name(settings.hub.port), make=False)
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


def _space(info: dict[str, Any], settings: Settings | None) -> Iterator[Finding]:
    yield from space.check_disks(_places(info, settings))
    if settings:
        total = info.get("MemTotal") or space.memory()
        yield space.judge_memory(
            total, settings.limits.memory, settings.limits.guarantee, settings.start.reserve
        )


def _places(info: dict[str, Any], settings: Settings | None) -> dict[str, Path]:
    places = {}
    if "DockerRootDir" in info and daemon.is_local():
        places["images"] = places["homes"] = Path(info["DockerRootDir"])
    if settings:
        places["the hub's own files"] = settings.folder
        if settings.homes.path:
            places["homes"] = settings.homes.path
    return places


def _homes(settings: Settings) -> list[Finding]:
    entry = settings.homes
    if entry.path is None:
        return []
    return homes.check(entry.storage, entry.path, entry.quota, list(storage.faults(settings)))


def _ports(settings: Settings) -> list[Finding]:
    hub = settings.hub
    health = f"{hub.inside}/hub/health"
    return ports.judge(
        ports.look(hub.ports.pages, hub.ports[2:], health, State(settings.folder).proxy_pid)
    )
