"""What the service is told by whoever starts it."""

from pathlib import Path

from pydantic import Field

from opendata_hub.fields import Model

VARIABLE = "OPENDATA_HUB_SNAPSHOTS"
"""Environment variable with the configuration as JSON."""


class Config(Model):
    """Which homes, and how many of their states."""

    storage: str = Field("volume", description="What homes are kept in: volume, folder or btrfs.")
    path: str = Field("", description="Folder of the homes, of the last two.")
    identity: str = Field("", description="Which folder that is; empty for any.")
    root: Path = Field(description="Folder of the states; with btrfs, on the same disk.")
    hourly: int = Field(24, ge=0, description="Hours whose newest state is kept; btrfs only.")
    daily: int = Field(7, ge=0, description="Days whose newest state is kept.")
    settle: float = Field(
        600.0, ge=0, description="Seconds after which archives begin: a class may be logging in."
    )
