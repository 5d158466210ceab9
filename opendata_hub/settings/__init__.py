"""hub.yaml -> checked settings -> traitlets."""

from opendata_hub.settings.apply import configure
from opendata_hub.settings.load import defaults, load
from opendata_hub.settings.model import HubFile, Settings

__all__ = ["HubFile", "Settings", "configure", "defaults", "load"]
