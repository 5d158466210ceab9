"""A tar with a checksum in it: whatever happens to the file shows before it is used."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from opendata_hub.errors import MachineError
from opendata_hub.machine import sealing

CONTENT = b"notebooks " * 5000


def tar() -> bytes:
    """A tar as the engine sends it: two empty blocks at its end, and no more."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo("lesson")
        entry.size = len(CONTENT)
        archive.addfile(entry, io.BytesIO(CONTENT))
    blocks = 1 + -(-len(CONTENT) // 512) + 2
    return plain.getvalue()[: 512 * blocks]


def seal(file: Path, piece: int = 700) -> Path:
    """Write a sealed file, piece by piece."""
    with file.open("wb") as raw, sealing.opened(file, raw) as stream:
        sealer = sealing.Sealer(stream)
        whole = tar()
        for start in range(0, len(whole), piece):
            sealer.write(whole[start : start + piece])
        sealer.close()
    return file


@pytest.mark.parametrize("name", ["class.tar", "class.tar.gz", "class.tgz"])
@pytest.mark.parametrize("piece", [1, 700, 10**6])
def test_a_whole_file_passes(tmp_path: Path, name: str, piece: int) -> None:
    """It is a tar like any other, whatever pieces it came in; all of it is read."""
    file, seen = seal(tmp_path / name, piece), []

    length = sealing.check(file, lambda done, total: seen.append((done, total)))

    with tarfile.open(file) as archive:
        assert archive.getnames() == ["lesson", "opendata-hub.sha256"]
    assert length == len(tar()) + 1024
    assert seen[-1] == (file.stat().st_size, file.stat().st_size)


@pytest.mark.parametrize("name", ["class.tar", "class.tar.gz"])
@pytest.mark.parametrize("kept", [0, 20, 300, -2048, -1024, -512, -1])
def test_a_file_that_is_cut_short_is_told(tmp_path: Path, name: str, kept: int) -> None:
    """Wherever it ends: the stick was full, or was pulled out too early."""
    file = seal(tmp_path / name)
    whole = file.read_bytes()
    file.write_bytes(whole[:kept])

    with pytest.raises(MachineError, match="is cut short, or was not made by"):
        sealing.check(file, lambda *_: None)


@pytest.mark.parametrize("place", [0, 5000, -1200, -1400])
def test_a_damaged_file_is_told(tmp_path: Path, place: int) -> None:
    """One bit is enough, in the content or in the checksum."""
    file = seal(tmp_path / "class.tar")
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)

    with pytest.raises(MachineError, match=r"class.tar is damaged"):
        sealing.check(file, lambda *_: None)


def test_damage_to_a_compressed_file_is_told(tmp_path: Path) -> None:
    """What does not unpack, and what was never packed."""
    file = seal(tmp_path / "class.tar.gz")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    plain = seal(tmp_path / "class.tar").rename(tmp_path / "plain.tar.gz")

    for broken in (file, plain):
        with pytest.raises(MachineError, match=r"damaged|cut short"):
            sealing.check(broken, lambda *_: None)


def test_what_others_packed_is_refused_with_the_way_to_load_it(tmp_path: Path) -> None:
    """`docker save` puts no checksum in."""
    file = tmp_path / "class.tar.gz"
    file.write_bytes(gzip.compress(tar()))

    with pytest.raises(MachineError, match=r"docker load -i .*class.tar.gz"):
        sealing.check(file, lambda *_: None)


def test_an_engine_that_breaks_off_seals_nothing(tmp_path: Path) -> None:
    """Half a tar must not get a good checksum."""
    sealer = sealing.Sealer(io.BytesIO())
    sealer.write(tar()[:-512])

    with pytest.raises(MachineError, match="The engine broke off"):
        sealer.close()
