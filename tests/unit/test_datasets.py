"""Datasets: shared, read-only, by group."""

from pathlib import Path

import pytest

from opendata_hub.datasets import Share, mounts, names

SHARED = {
    "open": Share(path=Path("/srv/open")),
    "exam": Share(path=Path("/srv/exam"), groups=("staff",)),
}


def test_everybody_sees_open_data_read_only() -> None:
    """A mount is what docker-py wants of one."""
    assert mounts(SHARED, []) == [
        {"type": "bind", "source": "/srv/open", "target": "/data/open", "read_only": True}
    ]


def test_members_see_their_groups_data_too() -> None:
    """Nobody else gets the mount at all."""
    assert [m["target"] for m in mounts(SHARED, ["staff"])] == ["/data/open", "/data/exam"]


def test_what_is_fetched_is_seen_once_it_is_complete(tmp_path: Path) -> None:
    """Before, a server starts without it; then it has the very version, whatever comes later."""
    shares = {"cms": Share(path=tmp_path, fetched=True)}
    before = mounts(shares, [])
    (tmp_path / "versions" / "1").mkdir(parents=True)
    (tmp_path / "current").symlink_to("versions/1")

    assert before == []
    assert [m["source"] for m in mounts(shares, [])] == [str(tmp_path / "versions" / "1")]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../a", "a/../b", "/etc/passwd", "a//b", "a/", "a\0b", "a\nb", "x" * 256,
     "\ud800", "/".join("a" * 17)],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_none(name: str) -> None:
    """Whoever sends it, nothing is written outside the dataset's folder."""
    assert not names.is_safe(name)


@pytest.mark.parametrize("name", ["events.root", "2016/µµ.root", ".hidden", "a b", "..c"])
def test_other_names_stay_as_they_are(name: str) -> None:
    """Folders in it, spaces and letters of any language."""
    assert names.is_safe(name)


@pytest.mark.parametrize(
    ("called", "clash"), [(["a", "b/a"], ""), (["a", "a"], "a"), (["a/b", "a"], "a")]
)
def test_two_files_cannot_be_one(called: list[str], clash: str) -> None:
    """Nor can a file be the folder of another."""
    assert names.clash(called) == clash
