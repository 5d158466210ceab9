"""`network.internal_ssl` -> what JupyterHub and its proxy are told of it."""

from typing import Any

from opendata_hub.settings.address import address
from opendata_hub.settings.state import State


def add(c: Any, state: State, host: str) -> None:
    """
    Have hub, proxy and servers speak to each other encrypted.

    Args:
        c: with the addresses of the hub and of its proxy's API.
        host: of ``hub.url``. The proxy asks servers in that name, unless it is a number.
    """
    hub, proxy = c.JupyterHub, c.ConfigurableHTTPProxy
    hub.internal_ssl = True
    # In a folder for this address: a hub keeps its certificate, whatever address it has later.
    hub.internal_certs_location = str(state.certificates / hub.hub_ip)
    hub.trusted_alt_names = [f"IP:{hub.hub_ip}", *([] if address(host) else [f"DNS:{host}"])]
    proxy.api_url = proxy.api_url.replace("http://", "https://")
