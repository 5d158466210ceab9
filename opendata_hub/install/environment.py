"""The environments of the program: one for each version, and the link to the one that runs."""

import os
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from opendata_hub import places
from opendata_hub.errors import MachineError
from opendata_hub.install import source
from opendata_hub.machine import Say, trust
from opendata_hub.machine.commands import run

LINK = Path("/usr/local/bin/opendata-hub")
"""By which the command is found in any shell."""

KEPT = 2
"""Versions that stay: the one that runs, and the one before."""


def versions() -> Path:
    """The folder that has one environment for each version."""
    return places.PROGRAM / "versions"


def link() -> Path:
    """The link to the environment that runs."""
    return places.PROGRAM / "current"


def current() -> Path | None:
    """Return the environment that runs, or would; None before the first."""
    return link().resolve() if link().exists() else None


def own() -> Path | None:
    """Return the environment that this process runs in, if it is one of a version."""
    here = Path(sys.prefix).resolve()
    return here if here.parent == versions().resolve() else None


def program(environment: Path) -> Path:
    """The command of an environment."""
    return environment / "bin" / "opendata-hub"


def make(spec: str, say: Say) -> Path:
    """
    Have an environment with what pip takes ``spec`` for; the current one if that has just it.

    Args:
        spec: of pip; a folder is made into a wheel before, so that it may change or go.

    Raises:
        MachineError: it cannot be had, or not without the packages that it needs.
    """
    folder = versions() / f"{datetime.now(timezone.utc):%Y-%m-%dT%H-%M-%SZ}"
    say(f"Installing {spec} into {folder}")
    try:
        versions().mkdir(parents=True, exist_ok=True)
        return _filled(folder, spec, say)
    except BaseException as error:
        drop(folder)
        if isinstance(error, OSError):
            raise MachineError(f"{folder} cannot be made: {error.strerror}.") from None
        raise


def _filled(folder: Path, spec: str, say: Say) -> Path:
    run([sys.executable, "-m", "venv", str(folder)], say)
    with TemporaryDirectory(prefix="opendata-hub-") as wheels:
        wheel = _wheel(folder, spec, Path(wheels), say) if Path(spec).is_dir() else spec
        _pip(folder, ["install", "--no-deps", wheel], say)
        before, now = current(), source.of(folder)
        if before and now and _identity(before) == now.identity:
            shutil.rmtree(folder)
            return before
        _pip(folder, ["install", wheel], say)
    if wheel != spec:
        source.remember(folder, spec)
    return folder


def _identity(environment: Path) -> str:
    found = source.of(environment)
    return found.identity if found else ""


def _wheel(folder: Path, spec: str, wheels: Path, say: Say) -> str:
    _pip(folder, ["wheel", "--no-deps", "--wheel-dir", str(wheels), spec], say)
    return str(next(wheels.glob("*.whl")))


def _pip(folder: Path, words: list[str], say: Say) -> None:
    # pip brings certificate authorities of its own; a site's own one is only in the machine's.
    trusted = {"PIP_CERT": str(trust.BUNDLE)} if trust.BUNDLE.exists() else {}
    options = ["--disable-pip-version-check", "--progress-bar", "off"]
    verb, *rest = words
    command = [str(folder / "bin" / "python"), "-m", "pip", verb, *options, *rest]
    run(command, say, {**trusted, **os.environ})


def switch(environment: Path, say: Say) -> bool:
    """
    Make an environment the current one, in one moment; return whether another one was.

    Raises:
        MachineError: the link cannot be made.
    """
    changed = current() != environment.resolve()
    if changed:
        say(f"{link()} leads to {environment.name} now")
        _point(link(), environment)
    target = program(link())
    is_right = LINK.is_symlink() and LINK.readlink() == target
    if not is_right and (LINK.is_symlink() or not LINK.exists()):
        _point(LINK, target)
    return changed


def _point(name: Path, target: Path) -> None:
    draft = name.with_name(f".{name.name}.new")
    try:
        name.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(name)
    except OSError as error:
        raise MachineError(f"{name} cannot be made: {error.strerror}.") from None


def drop(environment: Path) -> None:
    """Remove an environment that is not to be used."""
    shutil.rmtree(environment, ignore_errors=True)


def prune(kept: int, say: Say) -> None:
    """Remove all environments but the current one and the newest others, ``kept`` in all."""
    now = current()
    others = [path for path in versions().iterdir() if path.is_dir() and path != now]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in others[kept - 1 :]:
        say(f"Removing {folder}")
        shutil.rmtree(folder, ignore_errors=True)
