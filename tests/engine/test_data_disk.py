"""The data disk of `opendata-hub install`, on loop devices: only a blank one is ever formatted."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata_hub.errors import MachineError
from opendata_hub.install import data_disk


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 MB on which nothing is."""
    file = tmp_path / "disk.img"
    _run("truncate", "--size", "256M", str(file))
    device = _run("losetup", "--find", "--show", str(file))
    yield Path(device)
    _run("losetup", "--detach", device)


def test_a_blank_disk_gets_btrfs_and_keeps_it(disk: Path) -> None:
    """The second time it is taken as it is: what people made is on it."""
    assert data_disk.content(disk) == ""
    data_disk.formatted(disk, _quiet)
    assert data_disk.content(disk) == "btrfs"
    known = _run("blkid", "-p", "-s", "UUID", "-o", "value", str(disk))
    assert data_disk.formatted(disk, _quiet) == disk
    assert _run("blkid", "-p", "-s", "UUID", "-o", "value", str(disk)) == known
    assert _run("blkid", "-p", "-s", "LABEL", "-o", "value", str(disk)) == data_disk.LABEL


def test_a_disk_with_files_is_left_alone(disk: Path) -> None:
    """Whoever named the wrong disk loses nothing."""
    _run("mkfs.ext4", "-q", str(disk))
    with pytest.raises(MachineError, match=r"ext4.*wipefs"):
        data_disk.formatted(disk, _quiet)
    assert data_disk.content(disk) == "ext4"


def test_a_disk_with_partitions_is_left_alone(disk: Path) -> None:
    """An empty partition table may be that of a disk whose partitions are somewhere else."""
    table = bytearray(512)
    table[446 + 4], table[446 + 8], table[446 + 13], table[510:] = 0x83, 8, 1, b"\x55\xaa"
    with disk.open("r+b") as stream:
        stream.write(table)
    with pytest.raises(MachineError, match="partitions"):
        data_disk.formatted(disk, _quiet)


def test_a_disk_is_found_by_a_pattern(disk: Path, tmp_path: Path) -> None:
    """Clouds name disks in their own ways; two that fit are one too many."""
    (tmp_path / "by-id-data").symlink_to(disk)
    assert data_disk.found(f"{tmp_path}/by-id-*", _quiet, 0) == disk
    (tmp_path / "by-id-other").symlink_to("/dev/null")
    with pytest.raises(MachineError, match="fits several"):
        data_disk.found(f"{tmp_path}/by-id-*", _quiet, 0)
    with pytest.raises(MachineError, match="is no disk"):
        data_disk.found("/dev/null", _quiet, 0)


def test_a_disk_that_does_not_come_is_named(tmp_path: Path) -> None:
    """With what shows those that are there."""
    with pytest.raises(MachineError, match="lsblk"):
        data_disk.found(f"{tmp_path}/none", _quiet, 0)
