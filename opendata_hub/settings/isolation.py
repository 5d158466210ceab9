"""The network that a hub's servers stand on, with its rules, before any server does."""

import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from opendata_hub.catalogue import default_of
from opendata_hub.engine import ensure_network
from opendata_hub.engine.network import Network, find, remove_network, standing
from opendata_hub.engine.refusals import translated
from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.homes import LABEL
from opendata_hub.machine import daemon, network, presence
from opendata_hub.machine.network import Policy, Target, keeper, nft, proof
from opendata_hub.services import network as service
from opendata_hub.settings.load import NAME
from opendata_hub.settings.model import HubFile, Settings

__all__ = ["ground", "of", "prepare", "remove", "standing", "tried"]

_LABELS = {f"{LABEL}.role": "network"}
_OFF = (
    "To run without rules, which lets servers reach this machine and the networks around it, write "
    "isolate: false under network in hub.yaml."
)


def prepare(c: Any, settings: Settings) -> Network:
    """
    Make the network, close it, and have a service of the hub keep it closed.

    Raises:
        ConfigError: there cannot be rules, and hub.yaml does not say that none are wanted.
        EngineError: there cannot be a network.
    """
    found = ground(network.name(settings.hub.port))
    policy = of(settings, found, settings.hub.ports.hub)
    if not settings.network.isolate:
        _open(policy)
        return found
    _require_here(found)
    try:
        keeper.install(policy)
    except nft.NotAllowed as error:
        _require_proof(settings, policy, error)
    except MachineError as error:
        raise ConfigError(f"{error} {_OFF}") from None
    else:
        service.add(c, policy)
    return found


def ground(name: str, make: bool = True) -> Network:
    """
    Return the network of this name.

    Args:
        make: make it where there is none, as the hub does.

    Raises:
        EngineError: there is none, or it is of another kind.
    """
    if make:
        ensure_network(name, _LABELS)
    return find(name)


def remove(name: str) -> bool:
    """
    Remove a network, if it was made by :func:`ground`.

    Returns:
        bool: whether it is gone.
    """
    return remove_network(name, _LABELS)


def of(file: HubFile, found: Network, hub_port: int) -> Policy:
    """Return what shall hold on a network, by hub.yaml."""
    entry, proxy = file.network, _proxy(file)
    return Policy(
        network=found.name,
        bridge=found.bridge,
        subnets=found.subnets,
        gateway=found.gateway,
        hub_port=hub_port,
        internet=entry.internet,
        # Through a proxy everything is reached, so it opens by itself only where all may be.
        reach=(*entry.reach, *([proxy] if proxy and entry.internet is True else [])),
    )


def _proxy(file: HubFile) -> Target | None:
    if file.site.http_proxy is None:
        return None
    parts = urlsplit(file.site.http_proxy)
    return Target(parts.hostname or "", parts.port)


def _require_here(found: Network) -> None:
    if found.bridge in (name for _, name in socket.if_nameindex()):
        return
    raise ConfigError(
        "The container engine's networks are not on this machine (it is a remote one, rootless, or "
        f"in a virtual machine), so there cannot be rules here. {_OFF}"
    )


def _open(policy: Policy) -> None:
    try:
        if nft.remove(policy.table):
            click.echo("network.isolate is false: the rules of servers' network were taken away.")
    except MachineError as error:
        click.echo(f"If there are rules of servers' network, they stay: {error}", err=True)


def _require_proof(settings: Settings, policy: Policy, error: MachineError) -> None:
    """Go on without root only where root has put the rules in place, as a container tells."""
    found = tried(settings, policy)
    if found is None or found.opened(proof.Kind.HOST, proof.Kind.SERVERS):
        known = (
            "They are not there" if found else "Without an image nobody can try whether they are"
        )
        raise ConfigError(
            f"{error} {known}. Once after each start of this machine: {_by_root(settings)} {_OFF}"
        )


def _by_root(settings: Settings) -> str:
    program, file = Path(sys.executable).with_name("opendata-hub"), settings.folder / NAME
    config = f" --config {file}" if file.exists() else ""
    return f"sudo {program} network install{config} --port {settings.hub.port}"


def tried(settings: Settings, policy: Policy) -> proof.Proof | None:
    """
    Try what servers reach, from inside one; None where no image of the catalogue is here.

    Raises:
        EngineError: no engine answers.
        MachineError: it could not be tried.
    """
    images = settings.catalogue.images
    first = default_of(images)
    with closing(daemon.connect()) as client, translated():
        for image in sorted(images, key=lambda one: one is not first):
            if presence.find(client, image):
                return proof.prove(client, image.reference, policy)
    return None
