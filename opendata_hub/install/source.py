"""Where this program came from: what pip has to be told to bring the same, or a newer one."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from opendata_hub.errors import MachineError

NAME = "opendata-hub"
_NOTE = "made-from"
_VERSION = re.compile(r"\d[\w.!+-]*")


@dataclass(frozen=True)
class Source:
    """
    What an environment has.

    Attributes:
        version: of the program.
        identity: equal where the same thing was installed: version, and sum or commit if known.
        spec: what pip takes to bring the same.
        newest: what pip takes to bring the newest of it; None for a file that was once somewhere.
    """

    version: str
    identity: str
    spec: str
    newest: str | None


def of(environment: Path) -> Source | None:
    """Return what the environment in a folder has; None where this program is not in it."""
    folders = [str(path) for path in environment.glob("lib/python3*/site-packages")]
    for found in distributions(name=NAME, path=folders):
        source, note = described(found), environment / _NOTE
        return replace(source, newest=note.read_text("utf-8")) if note.exists() else source
    return None


def remember(environment: Path, folder: str) -> None:
    """Write down the folder that an environment's wheel was built from."""
    (environment / _NOTE).write_text(folder, "utf-8")


def described(found: Distribution) -> Source:
    """Read what pip has written down about an installed program."""
    version = found.version
    raw = json.loads(found.read_text("direct_url.json") or "{}")
    if not raw:
        return Source(version, version, f"{NAME}=={version}", NAME)
    url = str(raw.get("url", ""))
    if "vcs_info" in raw:
        return _of_repository(version, url, raw["vcs_info"])
    if "dir_info" in raw:
        folder = unquote(urlsplit(url).path)
        return Source(version, url, folder, folder)
    return _of_file(version, url, _sum(found))


def _of_repository(version: str, url: str, told: dict[str, Any]) -> Source:
    commit, wanted = told.get("commit_id", ""), told.get("requested_revision")
    base = f"{told.get('vcs', 'git')}+{url}"
    newest = f"{base}@{wanted}" if wanted else base
    return Source(version, f"{version} {commit}", f"{base}@{commit}", newest)


def _of_file(version: str, url: str, content: str) -> Source:
    is_here = url.startswith("file:")
    spec = unquote(urlsplit(url).path) if is_here else url
    return Source(version, f"{version} {content}", spec, None if is_here else url)


def _sum(found: Distribution) -> str:
    """SHA-256 over the files of the program, by their sums; older pips note none of the archive."""
    lines = (found.read_text("RECORD") or "").splitlines()
    ours = sorted(line for line in lines if line.startswith("opendata_hub/") and "sha256=" in line)
    return hashlib.sha256("\n".join(ours).encode()).hexdigest()


def asked(to: str) -> str:
    """
    Return what pip takes for what somebody typed: a version, a file, a folder or an address.

    Raises:
        MachineError: there is no such file.
    """
    if "://" in to:
        return to
    path = Path(to).expanduser()
    if path.exists():
        return str(path.resolve())
    if _VERSION.fullmatch(to) and not to.endswith((".whl", ".tar.gz")):
        return f"{NAME}=={to}"
    if to.startswith(NAME):
        return to
    raise MachineError(
        f"{to!r} is no version, such as 1.2, and no file here; write one of these, or an address "
        "such as git+https://..."
    )


def current() -> Source:
    """
    Return what this process runs.

    Raises:
        MachineError: it was never installed.
    """
    try:
        return described(distribution(NAME))
    except PackageNotFoundError:
        raise MachineError(f"{NAME} is not installed here; pip install it first.") from None
