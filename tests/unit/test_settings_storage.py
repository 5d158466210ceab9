"""Where hub.yaml has homes, and whether that is where they were."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from opendata_hub.cli import main
from opendata_hub.errors import ConfigError
from opendata_hub.settings import Settings, load
from opendata_hub.settings.state import State
from opendata_hub.settings.storage import faults, settle

CATALOGUE = "images: [{slug: a, display_name: A, image: example.org/a:1}]\n"

Write = Callable[[str], Settings]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a hub.yaml with these homes, and reads it; there are two folders for homes."""
    State(tmp_path).make()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    def write(homes: str) -> Settings:
        (tmp_path / "hub.yaml").write_text(f"{CATALOGUE}homes: {{{homes}}}\n")
        return load(tmp_path / "hub.yaml")

    return write


def test_a_path_is_relative_to_the_file(write: Write, tmp_path: Path) -> None:
    """As all others in hub.yaml."""
    assert write("storage: folder, path: one").homes.path == tmp_path / "one"


def test_homes_were_in_all_places_before_this_one(write: Write, tmp_path: Path) -> None:
    """Each once, and never in the one of today."""
    one, two = (("folder", str(tmp_path / name)) for name in ("one", "two"))

    assert settle(write("")).former == ()
    assert settle(write("storage: folder, path: one")).former == (("volume", ""),)
    assert settle(write("storage: folder, path: two")).former == (("volume", ""), one)
    assert settle(write("storage: folder, path: two")).former == (("volume", ""), one)
    assert settle(write("storage: folder, path: one")).former == (("volume", ""), two)
    assert settle(write("")).former == (two, one)


def test_a_folder_keeps_its_identity(write: Write, tmp_path: Path) -> None:
    """Whoever goes there and comes back finds the same folder."""
    first = settle(write("storage: folder, path: one")).identity

    settle(write("storage: folder, path: two"))

    assert settle(write("storage: folder, path: one")).identity == first


def test_a_disk_that_is_not_mounted_is_told(write: Write, tmp_path: Path) -> None:
    """The folder below is there, and is another one; the way out has no other file than ours."""
    settings = write("storage: folder, path: one")
    settle(settings)
    (tmp_path / "one").rename(tmp_path / "disk")
    (tmp_path / "one").mkdir()

    (fault,) = faults(settings)

    assert f"mount {tmp_path}/one" in fault
    assert fault.endswith(f"rm {tmp_path}/.hub/homes.json")
    with pytest.raises(ConfigError, match=f"mount {tmp_path}/one"):
        settle(settings)
    (tmp_path / ".hub" / "homes.json").unlink()
    settle(settings)


@pytest.mark.parametrize(
    ("homes", "fault"),
    [
        ("storage: folder, path: none", "none', which is no folder; make it, or mount its disk."),
        ("storage: btrfs, path: none", "none', which is not on btrfs; mount a disk of btrfs there"),
    ],
)
def test_check_tells_that_there_is_no_place_for_homes(
    write: Write, tmp_path: Path, homes: str, fault: str
) -> None:
    """Before the hub does."""
    write(homes)

    result = CliRunner().invoke(main, ["check", str(tmp_path / "hub.yaml")])

    assert result.exit_code == 1
    assert result.stderr.startswith(f"hub.yaml: homes.path is '{tmp_path}/")
    assert fault in result.stderr


def test_what_cannot_be_read_is_as_if_it_were_not_there(write: Write, tmp_path: Path) -> None:
    """A hub whose disk was full when it wrote this file starts all the same."""
    (tmp_path / ".hub" / "homes.json").write_text("{")

    assert settle(write("storage: folder, path: one")).former == ()
    assert json.loads((tmp_path / ".hub" / "homes.json").read_text())["kind"] == "folder"
