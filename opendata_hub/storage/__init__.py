"""Where homes are, and what can be done with them."""

from opendata_hub.storage.folders import Folders
from opendata_hub.storage.storage import Home, Space, Storage
from opendata_hub.storage.volumes import Volumes

__all__ = ["Folders", "Home", "Space", "Storage", "Volumes"]
