"""
A hub in one file, for a machine without network: packed here, unpacked and used there.

It is a tar: ``about.json`` first, ``sums.json`` last, in between the program (wheels, Debian
packages, npm's cache), images and datasets. :mod:`.unpack` travels in it and opens it where there
is nothing of ours yet; :mod:`.packing` makes it; :mod:`.using` takes from it what is installed.
"""

from opendata_hub.bundle.packing import Contents, pack
from opendata_hub.bundle.using import Bundle, used

__all__ = ["Bundle", "Contents", "pack", "used"]
