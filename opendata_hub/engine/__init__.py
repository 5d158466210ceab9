"""The container engine: async verbs over docker-py, each in a lane of its own kind."""

from opendata_hub.engine.archives import archive
from opendata_hub.engine.engine import Engine
from opendata_hub.engine.logins import advised
from opendata_hub.engine.network import ensure_network, subnets
from opendata_hub.engine.ooms import OutOfMemory
from opendata_hub.engine.pullers import SILENCE, Puller
from opendata_hub.engine.pulls import BROUGHT, Pull, PullProgress, pull
from opendata_hub.engine.pushes import PushProgress, push
from opendata_hub.engine.refusals import translated

__all__ = [
    "BROUGHT",
    "SILENCE",
    "Engine",
    "OutOfMemory",
    "Pull",
    "PullProgress",
    "Puller",
    "PushProgress",
    "advised",
    "archive",
    "ensure_network",
    "pull",
    "push",
    "subnets",
    "translated",
]
