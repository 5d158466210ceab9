"""The distributions whose fresh machine the tests can be given."""

import hashlib
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from opendata_hub.machine import debian

VARIABLE = "OPENDATA_HUB_TEST_SUITE"
DEFAULT = "bookworm"

_UBUNTU = "http://archive.ubuntu.com/ubuntu"
_KEYRING = f"{_UBUNTU}/pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb"
_SUM = "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8"


@dataclass(frozen=True)
class Suite:
    """
    What debootstrap makes a release of.

    Attributes:
        mirror: asked when it is needed.
        keyring: makes the file with the archive's keys in a folder.
        script: of debootstrap, for any release; it knows by name only those older than itself.
    """

    mirror: Callable[[], str]
    components: str
    keyring: Callable[[Path], Path]
    script: str


def _debians_keyring(folder: Path) -> Path:
    return Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def _ubuntus_keyring(folder: Path) -> Path:
    """Fetch it, as Debian has no package of it."""
    with urlopen(_KEYRING, timeout=60) as answer:
        content = answer.read()
    assert hashlib.sha256(content).hexdigest() == _SUM, f"{_KEYRING} is not what it was"
    (folder / "keyring.deb").write_bytes(content)
    subprocess.run(["dpkg-deb", "-x", folder / "keyring.deb", folder / "keyring"], check=True)
    return folder / "keyring/usr/share/keyrings/ubuntu-archive-keyring.gpg"


_DEBIAN = Suite(debian.mirror, "main", _debians_keyring, "sid")
_OF_UBUNTU = Suite(lambda: _UBUNTU, "main,universe", _ubuntus_keyring, "gutsy")

SUITES = {"bookworm": _DEBIAN, "trixie": _DEBIAN, "noble": _OF_UBUNTU}


def asked() -> str:
    """Return the name of the one that the tests shall be given."""
    name = os.environ.get(VARIABLE, DEFAULT)
    assert name in SUITES, f"{VARIABLE} is {name!r}; write one of {', '.join(SUITES)}"
    return name
