"""
The service ``https``: Caddy in front of the hub's proxy, with a certificate.

It gets and renews the certificate, looks before it asks for one, and says why there is none.
"""

from opendata_hub.services.https.config import LAN, Config
from opendata_hub.services.https.install import NAME, add

__all__ = ["LAN", "NAME", "Config", "add"]
