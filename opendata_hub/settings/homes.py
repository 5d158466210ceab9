"""`homes` in hub.yaml: what people's files are kept in."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from opendata_hub.fields import Model, Size
from opendata_hub.settings.snapshots import Snapshots, SnapshotsEntry


class Homes(Model):
    """People's files, and what keeps them."""

    storage: Literal["volume", "folder", "btrfs"] = Field(
        "volume",
        description="What homes are kept in: `volume`, a Docker volume each, with nothing to set "
        "up; `folder`, folders in `path`, such as on a data disk or a share; `btrfs`, subvolumes "
        "in `path`, which have quotas and quick snapshots.",
    )
    path: Path | None = Field(
        None,
        description="Folder with the homes, for `folder` and `btrfs`; relative to hub.yaml.",
    )
    quota: Size | None = Field(
        None,
        description="The most that a home may hold, with `btrfs`; without it, all there is. "
        "A changed one holds for all homes from the hub's next start.",
        json_schema_extra={"examples": ["10G"]},
    )
    snapshots: SnapshotsEntry = Field(
        default_factory=Snapshots,
        description="Homes as they were, which people see at `~/snapshots` and copy from. `false` "
        "is enough for none.",
    )
    welcome: Path | None = Field(
        None,
        description="Folder whose files are copied into each new home; relative to hub.yaml. "
        "Homes that exist are not touched.",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> "Homes":
        if self.storage == "volume" and self.path:
            raise ValueError(
                "write storage: folder or storage: btrfs with a path; volumes have none"
            )
        if self.storage != "volume" and not self.path:
            raise ValueError(
                f"write a path, such as path: /srv/homes, with storage: {self.storage}"
            )
        if self.storage != "btrfs" and self.quota:
            raise ValueError(
                "write storage: btrfs, and a path on btrfs, for a quota: a data disk, or a file "
                "that ./start offers to make; other storages have none"
            )
        if self.storage != "btrfs" and self.snapshots.enabled and not self.snapshots.daily:
            raise ValueError(
                "write a daily of 1 or more under snapshots, or storage: btrfs: no other storage "
                "has hourly snapshots"
            )
        return self
