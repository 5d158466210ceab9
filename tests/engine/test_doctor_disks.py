"""What ``opendata-hub doctor`` says of real disks that are not well."""

import mmap
import os
import subprocess
from pathlib import Path

import pytest

from opendata_hub.machine.health import Level, data_disk, space
from tests.disks import btrfs_disk, plain_disk


def test_a_disk_that_returns_other_bytes_is_a_fault(tmp_path: Path) -> None:
    """btrfs counts it when somebody reads them; the disk's name is in the line."""
    with btrfs_disk(tmp_path, "256M") as place:
        content = os.urandom(64 * 1024)
        file = place / "file"
        with file.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        assert data_disk.check_errors([place, file.parent]) == []

        _spoil(tmp_path / "disk.img", content[:4096])
        with file.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            with pytest.raises(OSError, match="Input/output error"):
                stream.read()
        (finding,) = data_disk.check_errors([place, place])

    assert finding.level is Level.FAULT
    assert "/dev/loop" in finding.text and "corruption_errs" in finding.text


def _spoil(disk: Path, content: bytes) -> None:
    """Change these bytes wherever they are on a disk."""
    with disk.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as held:
        place = held.find(content)
        assert place >= 0
        while place >= 0:
            held[place : place + len(content)] = bytes(len(content))
            place = held.find(content, place)
        held.flush()


def test_a_disk_without_files_left_or_closed_by_the_kernel_is_a_fault(tmp_path: Path) -> None:
    """There is room on it all the same."""
    with plain_disk(tmp_path, "16M") as place:
        before = [finding.name for finding in space.check_disk("homes", place)]
        number = 0
        while os.statvfs(place).f_favail > 4:
            (place / str(number)).touch()
            number += 1
        _, files = space.check_disk("homes", place)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True, capture_output=True)
        *_, closed = space.check_disk("homes", place)

    assert before == ["Disk"]
    assert (files.level, closed.level) == (Level.FAULT, Level.FAULT)
    assert "of the files" in files.text
    assert "can only be read" in closed.text
