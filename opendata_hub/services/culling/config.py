"""What the service is told by whoever starts it."""

from datetime import datetime
from pathlib import Path

from pydantic import Field

from opendata_hub.fields import Model

VARIABLE = "OPENDATA_HUB_CULLING"
"""Environment variable with the configuration as JSON."""


class Limits(Model):
    """What holds for the servers of one image, or of the members of one group."""

    enabled: bool = Field(True, description="Whether they are ever stopped.")
    idle: float | None = Field(None, gt=0, description="Seconds; the hub's unless written.")
    busy: float | None = Field(None, gt=0, description="Seconds; the hub's unless written.")


class Session(Model):
    """A class and its time, warm-up included: its servers stay."""

    name: str
    users: tuple[str, ...]
    start: datetime
    end: datetime


class Config(Model):
    """When servers are stopped."""

    idle: float = Field(
        2 * 3600, gt=0, description="Seconds without use and without work, after which one stops."
    )
    busy: float | None = Field(
        None, gt=0, description="Seconds of work with nobody there, after which one stops all the "
        "same; None for never.",
    )  # fmt: skip
    warn: float = Field(
        600, gt=0, description="Seconds ahead of a stop at which a server's pages say so; half of "
        "its `idle` at most.",
    )  # fmt: skip
    keep: float = Field(
        2 * 3600, gt=0, description="Seconds for which a server stays that somebody keeps there."
    )
    check_every: int = Field(300, ge=1, description="Seconds between two looks.")
    dry_run: bool = Field(False, description="Say what would be stopped, and stop nothing.")
    images: dict[str, Limits] = Field({}, description="By slug.")
    groups: dict[str, Limits] = Field({}, description="By the name of a group of the hub.")
    sessions: tuple[Session, ...] = Field((), description="Classes.")
    kept: Path | None = Field(None, description="File, the service's own, in which it remembers "
        "over a restart which servers somebody keeps.",
    )  # fmt: skip
