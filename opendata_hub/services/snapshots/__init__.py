"""
The service ``snapshots``: keeps homes as they were, for their users to copy from.

On btrfs each hour, elsewhere each night.
"""

from opendata_hub.services.snapshots.config import Config
from opendata_hub.services.snapshots.install import NAME, add

__all__ = ["NAME", "Config", "add"]
