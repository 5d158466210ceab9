"""`homes.snapshots` in hub.yaml: how many earlier states of homes there are to go back to."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from opendata_hub.fields import Count, Model
from opendata_hub.services import snapshots
from opendata_hub.storage.snapshots import FOLDER


def _switch(value: object) -> object:
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, str | int | float):
        raise ValueError("write false, or keys such as daily: 7")
    return value


class Snapshots(Model):
    """Homes as they were, which people see at `~/snapshots` and copy from."""

    enabled: bool = Field(
        True, description="`snapshots: false` is enough, and none are taken or seen."
    )
    hourly: Count = Field(
        24,
        ge=0,
        description="Hours of which the last snapshot is kept; with `btrfs` only. Hours in which a "
        "home did not change do not count.",
    )
    daily: Count = Field(
        7,
        ge=0,
        description="Days of which the last snapshot is kept; as an archive of each night where "
        "homes are not on btrfs. Days on which a home did not change do not count.",
    )

    @model_validator(mode="after")
    def _keeps_something(self) -> "Snapshots":
        if not (self.hourly or self.daily):
            raise ValueError("write snapshots: false for none")
        return self


SnapshotsEntry = Annotated[
    Snapshots, BeforeValidator(_switch, json_schema_input_type=Literal[False] | Snapshots)
]


def config(
    entry: Snapshots, kind: str, path: str, identity: str, archives: Path
) -> snapshots.Config:
    """
    Return what the service is told.

    Args:
        path: folder of the homes, beside which the snapshots are; empty for volumes.
        archives: folder of the snapshots of volumes.
    """
    return snapshots.Config(
        storage=kind,
        path=path,
        identity=identity,
        root=Path(path) / FOLDER if path else archives,
        hourly=entry.hourly,
        daily=entry.daily,
    )
