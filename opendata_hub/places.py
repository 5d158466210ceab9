"""Where this package's own files are, and those of a hub that ``opendata-hub install`` made."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

_BESIDE = PACKAGE.parent  # in a checkout, the folders lie there; a wheel carries them inside
IS_CHECKOUT = (_BESIDE / "images" / "catalogue.yaml").is_file()
ASSETS = _BESIDE if IS_CHECKOUT else PACKAGE / "assets"
"""What comes with us: images, the sample, the welcome, hub.yaml, ``bootstrap.py`` and the like."""

PROGRAM = Path("/opt/opendata-hub")
"""Environments, one for each version, and ``current``, a link to the one that runs."""

CONFIG = Path("/etc/opendata-hub")
"""``hub.yaml`` and what it names: what an administrator edits."""

DATA = Path("/var/lib/opendata-hub")
"""What outlives the machine, where a disk of its own is mounted there: all that people made."""

RUN = Path("/run/opendata-hub")
"""How far an installation is, and what the hub that runs has read; gone with the next boot."""


def datasets(folder: Path) -> Path:
    """Return where the hub whose hub.yaml is in ``folder`` puts datasets that it fetches."""
    return (DATA if folder == CONFIG else folder) / "datasets"


def state(folder: Path) -> Path:
    """Return where the hub whose hub.yaml is in ``folder`` keeps its own files."""
    return DATA / "hub" if folder == CONFIG else folder / ".hub"
