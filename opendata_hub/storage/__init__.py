"""Where homes are, and what can be done with them."""

from opendata_hub.storage.btrfs import Btrfs
from opendata_hub.storage.folders import Folders
from opendata_hub.storage.opening import open_snapshots, open_storage
from opendata_hub.storage.packing import NoRoom
from opendata_hub.storage.rule import Rule
from opendata_hub.storage.snapshots import Snapshots
from opendata_hub.storage.storage import Home, Space, Storage
from opendata_hub.storage.volumes import Volumes

__all__ = [
    "Btrfs",
    "Folders",
    "Home",
    "NoRoom",
    "Rule",
    "Snapshots",
    "Space",
    "Storage",
    "Volumes",
    "open_snapshots",
    "open_storage",
]
