"""What servers see of a dataset, and how they get it."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from opendata_hub.fields import Model

CURRENT = "current"
"""In the folder of a dataset that is fetched: a link to the version that is complete."""


class Share(Model):
    """One shared folder."""

    path: Path = Field(description="The folder on this machine.")
    groups: tuple[str, ...] = Field((), description="Only these groups see it; empty: everyone.")
    fetched: bool = Field(
        False, description="Whether `opendata-hub data fetch` fills it, one version at a time."
    )

    @property
    def place(self) -> Path | None:
        """Where the data is now; None where it is fetched, and no version is here yet."""
        if not self.fetched:
            return self.path
        # The version itself: the link may lead to another one before a server is started again.
        version = (self.path / CURRENT).resolve()
        return version if version.is_dir() else None


def mounts(shares: Mapping[str, Share], groups: Collection[str]) -> list[dict[str, Any]]:
    """
    Mounts of the datasets that are here and that a member of ``groups`` may see.

    Returns:
        list of dict: keywords of ``docker.types.Mount``, read-only, at ``/data/<name>``.
    """
    return [
        {"type": "bind", "source": str(place), "target": f"/data/{name}", "read_only": True}
        for name, share in shares.items()
        if (not share.groups or not set(share.groups).isdisjoint(groups)) and (place := share.place)
    ]
