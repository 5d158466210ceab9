"""Spawners: one mixin for all of them, a short class for each way to run a server."""

from opendata_hub.spawner.docker import OpenDataDockerSpawner
from opendata_hub.spawner.failures import StartFailed
from opendata_hub.spawner.mixin import OpenDataSpawner
from opendata_hub.spawner.preview import OpenDataPreviewSpawner

__all__ = [
    "OpenDataDockerSpawner",
    "OpenDataPreviewSpawner",
    "OpenDataSpawner",
    "StartFailed",
]
