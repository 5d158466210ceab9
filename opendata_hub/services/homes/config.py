"""What the service is told by whoever starts it."""

from pathlib import Path

from pydantic import Field

from opendata_hub.fields import Model

VARIABLE = "OPENDATA_HUB_HOMES"
"""Environment variable with the configuration as JSON."""


class Config(Model):
    """Where homes are."""

    storage: str = Field("volume", description="As `homes.storage` in hub.yaml.")
    path: Path | None = Field(None, description="Of homes that are in no volumes.")
    identity: str = Field("", description="Of that path; empty for any.")
    has_quota: bool = Field(False, description="Whether homes have a quota, which counts itself.")
