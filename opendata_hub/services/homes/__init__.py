"""
The service ``homes``: how full homes are, and a way to delete from one that is full.

It needs no server of the user's to run: a home that is full to the last byte is emptied here.
"""

from opendata_hub.services.homes.config import Config
from opendata_hub.services.homes.install import NAME, add

__all__ = ["NAME", "Config", "add"]
