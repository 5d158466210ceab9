"""
The service ``culling``: stops servers that nobody uses and nothing runs in.

jupyterhub-idle-culler asks the hub for servers and stops them; which ones is decided here.
"""

from opendata_hub.services.culling.config import Config, Limits, Session
from opendata_hub.services.culling.install import NAME, add

__all__ = ["NAME", "Config", "Limits", "Session", "add"]
