"""A disk of btrfs in a file, as `opendata-hub start` makes it, and the settings of homes on it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import click
import pytest

from opendata_hub.cli import disk as offers
from opendata_hub.errors import ConfigError, MachineError
from opendata_hub.homes import safe_name
from opendata_hub.machine import disk
from opendata_hub.machine.health import Level
from opendata_hub.machine.health import homes as health
from opendata_hub.settings import Settings, load, storage
from opendata_hub.settings.state import State
from opendata_hub.storage import quotas, subvolumes
from opendata_hub.storage.records import Record, Records

M, G = 2**20, 2**30
SIZE = 256 * M
CATALOGUE = "images: [{slug: a, display_name: A, image: example.org/a:1}]\n"

Write = Callable[..., Settings]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where a disk may be mounted; in the end it goes."""
    place = tmp_path / "my homes"
    yield place
    while place.is_mount():
        subprocess.run(["umount", str(place)], check=True)
    disk.file_of(place).unlink(missing_ok=True)


@pytest.fixture
def write(tmp_path: Path, place: Path) -> Write:
    """Writes a hub.yaml with homes on btrfs in that place, and reads it."""
    State(tmp_path).make()

    def write(more: str = "") -> Settings:
        homes = f"homes: {{storage: btrfs, path: '{place.name}'{more}}}\n"
        (tmp_path / "hub.yaml").write_text(CATALOGUE + homes)
        return load(tmp_path / "hub.yaml")

    return write


def make(place: Path, size: int = SIZE) -> list[str]:
    """Make the disk with a file of mounts of the test's own; return what was said."""
    said: list[str] = []
    disk.make(place, size, said.append, place.with_name("fstab"))
    return said


def test_a_disk_is_made_once_and_mounted_whenever_it_is_not(place: Path) -> None:
    """Its file has all its room at once; what is on it stays; a place with files is refused."""
    (place.parent / "fstab").write_text("/dev/vda / ext4 defaults 0 0")

    make(place)

    file = disk.file_of(place)
    assert subvolumes.is_btrfs(place)
    assert place.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_size == SIZE <= file.stat().st_blocks * 512
    (place / "work.txt").write_text("done")
    subprocess.run(["umount", str(place)], check=True)

    assert not any("Making" in line for line in make(place))

    assert (place / "work.txt").read_text() == "done"
    assert (place.parent / "fstab").read_text().splitlines() == [
        "/dev/vda / ext4 defaults 0 0",
        "# homes of opendata-hub, made by ./start",
        disk.entry(file, place),
    ]
    subprocess.run(["umount", str(place)], check=True)
    (place / "hidden.txt").touch()
    with pytest.raises(MachineError, match="which a disk mounted there would hide"):
        make(place)


def test_a_disk_that_does_not_fit_is_refused(place: Path) -> None:
    """The text has how much does; nothing is begun."""
    with pytest.raises(MachineError, match=r"has room for .* at most, and 4096T are asked for"):
        make(place, 4096 * 2**40)

    assert list(place.parent.iterdir()) == [place]


def test_a_disk_that_cannot_be_made_gives_its_room_back(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its room was taken at once."""
    program = place.parent / "bin" / "mkfs.btrfs"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    with pytest.raises(MachineError, match=r"mkfs\.btrfs"):
        make(place)

    assert sorted(place.parent.iterdir()) == [program.parent, place]


def test_a_disk_is_offered_where_one_is_missing(
    write: Write, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a size it is made; without one and without a terminal, the flag is named."""
    settings = write()

    assert offers.wanted(settings, 2 * G) == (place, 2 * G)
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(MachineError, match=r"--make-disk [0-9.]+[GT]$"):
        offers.wanted(settings, None)
    make(place)
    assert offers.wanted(settings, 2 * G) is None
    storage.settle(settings)
    subprocess.run(["umount", str(place)], check=True)
    assert offers.wanted(settings, None) == (place, 0)  # its file is there: it is mounted again
    disk.file_of(place).unlink()
    with pytest.raises(MachineError, match=f"disk with the homes is not mounted: mount {place}"):
        offers.wanted(settings, 2 * G)


@pytest.mark.parametrize("text", ["5", "1M"])
def test_a_size_is_one_that_a_disk_can_have(text: str) -> None:
    """Whoever types it reads how it is written."""
    with pytest.raises(click.BadParameter, match=f"'{text}'; write .*G"):
        offers.read_size(text)


def test_quotas_follow_hub_yaml(write: Write, place: Path) -> None:
    """All homes have it from the hub's start, a changed one as well, and none without one."""
    make(place)
    homes = {user: place / safe_name(user) for user in ("anna", "Bea.N")}
    storage.settle(write(", quota: 64M"))
    for user, home in homes.items():
        Records(place).write(Record(user))
        subvolumes.create(home)

    found = []
    for more in (", quota: 64M", ", quota: 1.5G", ""):
        storage.settle(write(more))
        usages = [quotas.usage(home) for home in homes.values()]
        found.append({usage.quota for usage in usages if usage})

    assert found == [{64 * M}, {3 * G // 2}, {None}]


def test_homes_on_btrfs_take_root(
    write: Write, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub says so before anybody tries to start a server."""
    make(place)
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(ConfigError, match="run the hub as root"):
        storage.settle(write())


def test_the_doctor_looks_at_the_place_of_homes(write: Write, place: Path) -> None:
    """Who can enter it, and what no quota counts."""
    make(place)
    storage.settle(write())
    Records(place).write(Record("anna"))
    subvolumes.create(place / "anna")

    (well,) = health.check("btrfs", place, None, [])
    assert (well.level, well.text) == (Level.OK, f"1 in {place}, storage btrfs.")

    place.chmod(0o755)
    subvolumes.create(place / "anna" / "more")
    _, *worse = health.check("btrfs", place, G, [])
    assert [finding.text.partition(" in ")[0] for finding in worse] == [
        f"other users of this machine can enter {place}; uid 1000 can change students' files.",
        "quotas are not switched on",
        "subvolumes",
    ]
    (lost,) = health.check("btrfs", place, G, ["It is not there."])
    assert lost.level is Level.FAULT
