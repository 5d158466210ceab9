"""Whether servers in containers can reach the hub at all."""

import ipaddress
from urllib.parse import urlparse

from opendata_hub.spawner.failures import StartFailed


def require_reachable(api_url: str, network: str) -> None:
    """
    Refuse a hub whose API listens on loopback, which is another one inside a container.

    Args:
        api_url: of the hub, as its servers are told.
        network: of the containers; on the host's own, loopback is the hub's.

    Raises:
        StartFailed: with the line that mends it.
    """
    host = urlparse(api_url).hostname or ""
    if network != "host" and _is_loopback(host):
        raise StartFailed(
            f"The hub listens on {host} only, which servers in containers cannot reach. "
            "Set c.JupyterHub.hub_ip to an address of this machine that they reach, such as "
            "the one that 'ip -4 address show docker0' shows, and restart the hub."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
