"""hub.yaml -> what servers, pulls and builds need to get out of the site."""

from typing import Any
from urllib.parse import urlsplit

from opendata_hub.machine import trust
from opendata_hub.machine.access import Access
from opendata_hub.settings.model import Settings
from opendata_hub.settings.state import State

IN_SERVER = "/etc/ssl/opendata-hub.pem"
"""Where a server finds the authorities that it trusts."""


def access(settings: Settings) -> Access:
    """
    Return the way out of the site, after writing the file of the authorities that it takes.

    Raises:
        ConfigError: that file cannot be written.
    """
    site, state = settings.site, State(settings.folder)
    if site.ca_bundle is None:
        return Access(site, settings.registries)
    state.make()
    trust.combine(site.ca_bundle, state.ca_bundle)
    return Access(site, settings.registries, state.ca_bundle)


def environment(settings: Settings, near: tuple[str, ...], bundle: str) -> dict[str, str]:
    """
    Variables by which a server's programs get out of the site.

    Args:
        near: hosts and networks that the server reaches without the proxy, the hub's among them.
        bundle: where the server finds the file of authorities.
    """
    typed = urlsplit(settings.hub.url).hostname or ""
    trusted = trust.variables(bundle) if settings.site.ca_bundle else {}
    return {**settings.site.proxies(*near, typed), **trusted}


def mounts(way: Access) -> list[dict[str, Any]]:
    """Mounts of a server, as keywords of ``docker.types.Mount``: the file of authorities."""
    if way.bundle is None:
        return []
    return [{"type": "bind", "source": str(way.bundle), "target": IN_SERVER, "read_only": True}]
