"""The service ``network``: keeps the rules of the network that servers stand on."""

from opendata_hub.services.network.install import NAME, add

__all__ = ["NAME", "add"]
