"""What an operator supplies a spawner with."""

import os
from pathlib import Path

import pytest

from opendata_hub.errors import ConfigError
from opendata_hub.spawner import supplies


def test_a_catalogue_that_was_forgotten_is_named() -> None:
    """An existing hub without that line says which one is missing."""
    with pytest.raises(ConfigError, match=r"OpenDataSpawner\.catalogue is not set; give it"):
        supplies.catalogue("")


def test_a_catalogue_that_changed_is_read_again(tmp_path: Path) -> None:
    """A trainer adds an image while the hub runs."""
    file = tmp_path / "catalogue.yaml"
    entry = "- {{slug: {0}, display_name: {0}, image: {0}}}\n".format
    for text in (entry("one"), entry("one") + entry("two")):
        file.write_text(text)
        os.utime(file, (len(text), len(text)))  # two changes within one tick of the clock
        assert len(supplies.catalogue(str(file)).images) == text.count("slug")


def test_welcome_files_are_found_in_folders(tmp_path: Path) -> None:
    """Each comes with its path within the folder; no folder, no files."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"hello")

    assert supplies.welcome_files(str(tmp_path)) == {"a/b.txt": b"hello"}
    assert supplies.welcome_files("") == {}
