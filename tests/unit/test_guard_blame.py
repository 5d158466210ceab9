"""Who is stopped when a disk gets short, and where servers write."""

import os
from pathlib import Path

import pytest

from opendata_hub.guard.blame import suspect
from opendata_hub.guard.mounts import Mount, mounts, parse, volumes


@pytest.mark.parametrize(
    ("grown", "who"),
    [
        ({"filler": 540, "bob": 10}, ("filler", 540)),
        ({"filler": 275, "bob": 270}, ("filler", 275)),
        ({"bob": 150, "ann": 0}, None),
        ({"bob": 150, "unseen": None}, ("unseen", 400)),
        ({"bob": 150, "ann": -90, "unseen": None}, ("unseen", 400)),
        ({"bob": 150, "unseen": None, "another": None}, None),
        ({"bob": 260, "ann": 250, "unseen": None}, ("bob", 260)),
        ({"bob": 190, "ann": 180, "kim": 170}, ("bob", 190)),
        ({"bob": 300, "unseen": None}, ("bob", 300)),
        ({"unseen": None}, ("unseen", 550)),
        ({}, None),
    ],
)
def test_nobody_is_stopped_for_what_nobody_explains(
    grown: dict[str, int | None], who: tuple[str, int] | None
) -> None:
    """Else who has taken most; a single unweighed one has what the others have not taken."""
    assert suspect(grown, gone=550, least=50) == who


def test_who_takes_a_little_is_left_alone() -> None:
    """Also where that is all that is gone, seen or not."""
    assert suspect({"bob": 50}, gone=50, least=50) is None
    assert suspect({"bob": 10, "unseen": None}, gone=50, least=50) is None


def test_a_mount_is_read_with_what_it_writes_to() -> None:
    """Blanks are written as octal numbers; options end with those of the file system."""
    overlay = parse(
        "620 571 0:52 / / rw,relatime master:3 shared:4 - overlay overlay "
        r"rw,lowerdir=/l/A:/l/B,upperdir=/disk\0401/diff,workdir=/w"
    )
    assert overlay == Mount(620, os.makedev(0, 52), "/", "overlay", True, Path("/disk 1/diff"))
    assert parse("7 6 8:1 /a /data/x ro,noatime - ext4 /dev/sda1 rw") == Mount(
        7, os.makedev(8, 1), "/data/x", "ext4", False, None
    )
    assert not parse("7 6 8:1 / /x rw - iso9660 /dev/sr0 ro").writable


@pytest.mark.parametrize("name", ["/a\u2028b", "/a\x0cb", "/a\rb", "/a\x85b", "/-"])
def test_no_name_of_a_folder_hides_a_mount(name: str) -> None:
    """The kernel writes only blanks, tabs, ends of lines and backslashes as numbers."""
    assert parse(f"7 6 8:1 / {name} rw master:1 - ext4 /dev/sda1 rw").point == name


def test_who_has_ended_has_no_mounts_and_writes_nowhere() -> None:
    """Its processes may be gone at any time."""
    nobody = 2**22 + 1
    assert mounts(nobody) == []
    assert list(volumes(nobody, Path("/"))) == []
