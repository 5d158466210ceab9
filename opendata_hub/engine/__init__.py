"""The container engine: async verbs over docker-py, each in a lane of its own kind."""

from opendata_hub.engine.archives import archive
from opendata_hub.engine.engine import Engine
from opendata_hub.engine.network import ensure_network
from opendata_hub.engine.ooms import OutOfMemory
from opendata_hub.engine.pulls import PullProgress
from opendata_hub.engine.refusals import translated

__all__ = [
    "Engine",
    "OutOfMemory",
    "PullProgress",
    "archive",
    "ensure_network",
    "translated",
]
