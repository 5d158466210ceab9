"""Datasets: shared, read-only, by group."""

from pathlib import Path

from opendata_hub.datasets import Dataset, mounts

SHARED = {
    "open": Dataset(path=Path("/srv/open")),
    "exam": Dataset(path=Path("/srv/exam"), groups=("staff",)),
}


def test_everybody_sees_open_data_read_only() -> None:
    """A mount is what docker-py wants of one."""
    assert mounts(SHARED, []) == [
        {"type": "bind", "source": "/srv/open", "target": "/data/open", "read_only": True}
    ]


def test_members_see_their_groups_data_too() -> None:
    """Nobody else gets the mount at all."""
    assert [m["target"] for m in mounts(SHARED, ["staff"])] == ["/data/open", "/data/exam"]
