"""
The guard of the disks: where homes have no quota, one student could fill the disk of all.

It looks at what is left, and when that gets short finds the server that takes it, by what has grown
on the disk, and has it stopped. It takes root on the engine's machine, as quotas do.
"""

from opendata_hub.guard.disk import Disk, disks
from opendata_hub.guard.floor import reserve
from opendata_hub.guard.guard import Case, Guard
from opendata_hub.guard.mounts import layer_of
from opendata_hub.guard.place import Place

__all__ = ["Case", "Disk", "Guard", "Place", "disks", "layer_of", "reserve"]
