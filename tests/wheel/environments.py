"""The package as a wheel, and environments of administrators who add it to their hub with pip."""

import hashlib
import os
import shutil
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

REPOSITORY = Path(__file__).parents[2]

_ASTRAY = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""Variables that lead a Python to packages that are not its own."""


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder and return what it printed; a failure shows all it said."""
    environment = {name: value for name, value in os.environ.items() if name not in _ASTRAY}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def pip(python: Path, *arguments: str | Path) -> str:
    """Run the pip of an environment."""
    quiet = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    return run(python, *quiet, *arguments, folder=python.parent)


def build_wheel(folder: Path, tree: Path = REPOSITORY) -> Path:
    """Build the wheel of the package, or of another tree of it, into a folder."""
    pip(Path(sys.executable), "wheel", "--no-deps", "--wheel-dir", folder, tree)
    (wheel,) = folder.glob("*.whl")
    return wheel


def hub_with_package(folder: Path, hub: str, wheel: Path) -> Path:
    """
    Return the Python of an environment that had JupyterHub before pip added the wheel.

    Args:
        folder: where it is; kept from run to run as long as what is required stays the same.
        hub: the hub as pip takes it, such as "jupyterhub==6.1.*".
        wheel: installed anew each time.
    """
    python, mark, key = folder / "bin/python", folder / ".required", _key(hub, wheel)
    if not mark.exists() or mark.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, "-m", "venv", folder, folder=folder.parent)
        pip(python, "install", hub)
        pip(python, "install", wheel)
        mark.write_text(key)
    else:
        pip(python, "install", "--force-reinstall", "--no-deps", wheel)
    return python


def _key(hub: str, wheel: Path) -> str:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    parts = (sys.version, sys.base_prefix, hub, *metadata.get_all("Requires-Dist", []))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
