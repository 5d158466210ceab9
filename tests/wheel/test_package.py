"""What pip installs."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

from tests.wheel.environments import REPOSITORY, pip, run

EVERY_MODULE = """
import pkgutil, opendata_hub
for module in pkgutil.walk_packages(opendata_hub.__path__, "opendata_hub."):
    __import__(module.name)
"""

EXTRAS = """
import importlib.util
print([name for name in ("pytest", "matplotlib", "playwright") if importlib.util.find_spec(name)])
"""

ENTRY_POINTS = """
from importlib.metadata import entry_points
from opendata_hub.spawner import OpenDataSpawner
for point in entry_points(group="jupyterhub.spawners"):
    if issubclass(point.load(), OpenDataSpawner):
        print(point.name)
"""


def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    """Every file of the package, what a hub is made of beside it, and no test or stray file."""
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    package = set(_files("opendata_hub"))
    alone = ("bootstrap.py", "hub.yaml", "jupyterhub_config.py")
    assets = set(_files("images", "datasets", "welcome", *alone))
    assert names == package | {f"opendata_hub/assets/{name}" for name in assets}
    assert "opendata_hub/templates/options_form.html" in package
    assert "images/catalogue.yaml" in assets


def _files(*paths: str) -> list[str]:
    """Files of the repository, those that are not committed yet included, but none ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *paths]
    return subprocess.check_output(command, cwd=REPOSITORY, text=True).splitlines()


def test_the_licence_comes_along(wheel: Path) -> None:
    """BSD asks for its text in every copy."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))

        assert archive.read(name) == (REPOSITORY / "LICENSE").read_bytes()


def test_the_package_fits_the_hub_that_is_there(python: Path, version: str) -> None:
    """Installing it leaves the administrator's JupyterHub alone and breaks no requirement."""
    installed = run(python, "-m", "jupyterhub", "--version", folder=python.parent)

    assert installed.startswith(f"{version}.")
    pip(python, "check")


def test_every_module_works_without_the_tests_tools(python: Path) -> None:
    """Nothing that is installed needs what only tests or docs install."""
    assert run(python, "-c", EXTRAS, folder=python.parent) == "[]\n"

    run(python, "-c", EVERY_MODULE, folder=python.parent)


def test_the_hub_finds_the_spawners_by_name(python: Path) -> None:
    """`spawner_class = "opendata"` is enough."""
    names = run(python, "-c", ENTRY_POINTS, folder=python.parent).split()

    assert set(names) == {"opendata", "opendata-preview"}


def test_the_command_is_installed(python: Path) -> None:
    """`opendata-hub` answers."""
    assert "Usage: opendata-hub" in run(
        python.parent / "opendata-hub", "--help", folder=python.parent
    )
