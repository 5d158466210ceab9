"""Datasets: folders of this machine that servers see, read-only, at ``/data/<name>``."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from opendata_hub.fields import Matching, Model

DatasetName = Annotated[
    str,
    Matching(
        r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?",
        "write up to 64 lower-case letters, digits, dots and dashes, such as cms-2012",
    ),
]


class Dataset(Model):
    """One shared folder."""

    path: Path = Field(description="The folder on this machine; relative to hub.yaml.")
    groups: tuple[str, ...] = Field((), description="Only these groups see it; empty: everyone.")


def mounts(datasets: Mapping[str, Dataset], groups: Collection[str]) -> list[dict[str, Any]]:
    """
    Mounts of the datasets that a member of ``groups`` may see.

    Returns:
        list of dict: keywords of ``docker.types.Mount``, read-only, at ``/data/<name>``.
    """
    return [
        {"type": "bind", "source": str(d.path), "target": f"/data/{name}", "read_only": True}
        for name, d in datasets.items()
        if not d.groups or not set(d.groups).isdisjoint(groups)
    ]
