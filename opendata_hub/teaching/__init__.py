"""Classes that are taught: what their instructors may do on the hub, and the page for it."""

from opendata_hub.teaching.apart import keep_apart
from opendata_hub.teaching.install import ROLE, SCOPES, add

__all__ = ["ROLE", "SCOPES", "add", "keep_apart"]
