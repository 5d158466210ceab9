"""`culling` in hub.yaml: when servers that nobody uses are stopped."""

from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from opendata_hub.catalogue import Slug
from opendata_hub.fields import Duration, Model
from opendata_hub.services import classes, culling


def _switch(value: object) -> object:
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, str | int | float):
        raise ValueError("write false, or keys such as idle: 2h")
    return value


class CullingValues(Model):
    """What holds for some servers instead."""

    enabled: bool = Field(
        True, description="Write `false`, here or as the only word, and they are never stopped."
    )
    idle: Duration | None = Field(None, description="Their `idle`, if not the hub's.")
    busy: Duration | None = Field(None, description="Their `busy`, if not the hub's.")


ValuesEntry = Annotated[
    CullingValues, BeforeValidator(_switch, json_schema_input_type=Literal[False] | CullingValues)
]


class Culling(Model):
    """When a server is stopped: its files stay, what its kernels hold in memory goes."""

    enabled: bool = Field(
        True, description="`culling: false` is enough, and no server is ever stopped."
    )
    idle: Duration = Field(
        2 * 3600,
        description="A server is stopped when for so long nobody has used it, and no kernel, "
        "terminal or other process of it has worked.",
        json_schema_extra={"default": "2h"},
    )
    busy: Duration | None = Field(
        None,
        description="Limit on work with nobody there, such as an endless cell; without it, what "
        "works is never stopped.",
    )
    warn: Duration = Field(
        600,
        description="How long before the stop JupyterLab and the hub's home page say so; never "
        "more than half of `idle`.",
        json_schema_extra={"default": "10m"},
    )
    keep: Duration = Field(
        2 * 3600,
        description="For how long the button *Keep it running* keeps a server.",
        json_schema_extra={"default": "2h"},
    )
    check_every: Duration = Field(
        300,
        description="Pause between two looks at all servers.",
        json_schema_extra={"default": "5m"},
    )
    dry_run: bool = Field(
        False, description="Write `true`, and the log says what would be stopped; nothing is."
    )
    images: dict[Slug, ValuesEntry] = Field(
        {}, description="Other values, or `false`, for servers of an image, by its slug."
    )
    groups: dict[str, ValuesEntry] = Field(
        {},
        description="Other values, or `false`, for the members of a group. Where several hold for "
        "a server, the longest counts.",
    )

    @model_validator(mode="after")
    def _leaves_time(self) -> "Culling":
        if "warn" in self.model_fields_set and self.warn > self.idle / 2:
            raise ValueError("write a warn of half of idle at most")
        return self


CullingEntry = Annotated[
    Culling, BeforeValidator(_switch, json_schema_input_type=Literal[False] | Culling)
]


def config(
    entry: Culling, lessons: Iterable[classes.Lesson], kept: Path | None = None
) -> culling.Config:
    """
    Return what the service is told: servers of lessons stay from the warm-up to the end.

    Args:
        kept: file of the service's own.
    """
    return culling.Config(
        idle=entry.idle,
        busy=entry.busy,
        warn=entry.warn,
        keep=entry.keep,
        check_every=ceil(entry.check_every),
        dry_run=entry.dry_run,
        images={slug: _limits(values) for slug, values in entry.images.items()},
        groups={name: _limits(values) for name, values in entry.groups.items()},
        sessions=tuple(map(_session, lessons)),
        kept=kept,
    )


def _limits(values: CullingValues) -> culling.Limits:
    return culling.Limits(enabled=values.enabled, idle=values.idle, busy=values.busy)


def _session(lesson: classes.Lesson) -> culling.Session:
    start = lesson.start - timedelta(seconds=lesson.warm_up)
    return culling.Session(name=lesson.name, users=lesson.users, start=start, end=lesson.end)
