"""
The rules of the network that servers stand on: what they reach, and what they never do.

``policy`` says what shall hold, ``rules`` writes that down for ``nft``, ``keeper`` puts it in place
and mends it. Each hub has a network and a table of its own, both named by its public port.
"""

from opendata_hub.machine.network.policy import Policy, name
from opendata_hub.machine.network.targets import Target

__all__ = ["Policy", "Target", "name"]
