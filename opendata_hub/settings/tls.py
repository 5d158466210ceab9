"""hub.yaml -> an https address: whether it can be had, and the service that answers there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opendata_hub.errors import ConfigError
from opendata_hub.machine import certificates
from opendata_hub.machine.access import Access
from opendata_hub.services import https
from opendata_hub.settings import address
from opendata_hub.settings.access import environment
from opendata_hub.settings.https import Https
from opendata_hub.settings.model import Hub, HubFile, Settings
from opendata_hub.settings.state import State

_HTTP = 80
_OTHERS = (
    "write https: {authority: lan}, for an authority of this hub's own, or certificate and key of "
    "your own under https"
)


def resolved(entry: Https, folder: Path) -> Https:
    """Return it with absolute paths."""
    named = {name: getattr(entry, name) for name in ("certificate", "key", "authority_ca")}
    paths = {name: path and folder / path.expanduser() for name, path in named.items()}
    return entry.model_copy(update=paths)


def faults(file: HubFile) -> Iterator[str]:
    """Say why nobody can have a certificate for ``hub.url``, or why the one given is none."""
    hub, entry = file.hub, file.https
    if not hub.is_https:
        if entry != Https():
            yield (
                f"https is written, but hub.url is {hub.url!r}; write an address there that "
                "begins with https://, or leave https out."
            )
        return
    if entry.kind == "acme":
        yield from _unknown_to_authorities(hub, entry)
    if entry.certificate and entry.key:
        for fault in certificates.faults(entry.certificate, entry.key, hub.host):
            yield f"https: {fault}"
    if entry.authority_ca:
        yield from _unusable(entry.authority_ca)
    yield from _twice(hub, entry)


def _unknown_to_authorities(hub: Hub, entry: Https) -> Iterator[str]:
    if address.address(hub.host):
        yield f"hub.url is {hub.url!r}; authorities give certificates to names: {_OTHERS}."
    elif not entry.authority and not hub.is_public:
        yield (
            f"hub.url is {hub.url!r}; no authority of the internet gives a certificate for that: "
            f"{_OTHERS}."
        )


def _twice(hub: Hub, entry: Https) -> Iterator[str]:
    if hub.port == _HTTP:
        yield f"hub.url is {hub.url!r}; port 80 is for http, so write another port, or none."
    elif entry.http_port in hub.ports:
        yield f"https.http_port is {entry.http_port}, which this hub uses itself; leave it out."


def _unusable(bundle: Path) -> Iterator[str]:
    try:
        certificates.read(bundle)
    except ConfigError as error:
        yield f"https.authority_ca: {error}"


def config(hub: Hub, entry: Https, folder: Path) -> https.Config:
    """
    Return what the service is told.

    Args:
        folder: of its keys and certificates.
    """
    # Another port than 443 has no port 80 of its own; only authorities ask there nevertheless.
    asked = hub.port == 443 or entry.kind == "acme"
    return https.Config(
        host=hub.host,
        port=hub.port,
        http_port=entry.http_port if asked else None,
        listen=hub.loopback or "",
        hub=hub.ports.pages,
        folder=folder,
        certificate=entry.certificate,
        key=entry.key,
        authority=entry.authority or "",
        authority_ca=entry.authority_ca,
        email=entry.email,
    )


def add(c: Any, settings: Settings, way: Access) -> None:
    """Have the hub answer at its https address; nothing where it has none."""
    if settings.hub.is_https:
        told = config(settings.hub, settings.https, State(settings.folder).caddy)
        https.add(c, told, environment(settings, (), str(way.bundle)))
