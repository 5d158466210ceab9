"""
The service ``images``: has every image of the catalogue on the engine before anybody asks.

It unpacks nothing itself: pulls are the engine's, builds are those of
:mod:`opendata_hub.machine.recipes`.
"""

from opendata_hub.services.images.install import add

__all__ = ["add"]
