"""What a bundle has of us, where the package came from somewhere that is gone."""

from pathlib import Path
from zipfile import ZipFile

from tests.wheel.environments import pip, run

MAKE = "from pathlib import Path; from opendata_hub.bundle import wheels; print(wheels.own(Path()))"


def test_the_wheel_is_made_again_from_what_is_installed(
    python: Path, wheel: Path, tmp_path: Path
) -> None:
    """File by file what was installed: pip takes it like the first one."""
    made = tmp_path / run(python, "-c", MAKE, folder=tmp_path).strip()

    assert made.name == wheel.name
    with ZipFile(made) as ours, ZipFile(wheel) as published:
        assert sorted(ours.namelist()) == sorted(published.namelist())
        for name in published.namelist():
            assert name.endswith("/RECORD") or ours.read(name) == published.read(name)
    pip(python, "install", "--no-deps", "--target", tmp_path / "there", made)
    assert (tmp_path / "there/bin/opendata-hub").exists()
