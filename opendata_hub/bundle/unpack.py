"""
Opens a bundle: checks all of it, and unpacks what the program is installed from.

It travels in the bundle, to machines that have nothing of us yet: the standard library alone.
``python3 unpack.py FILE FOLDER`` prints as JSON which package to install, and the variables by
which apt, pip and npm find what they need in the folder.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMAT = 1
ABOUT, SUMS = "about.json", "sums.json"
"""The first member of a bundle (its first line; the second is its sum), and the last."""
PROGRAM = ("wheels", "debs", "npm")
"""Folders of a bundle that are unpacked for the installation."""
ENGINE = Path("/var/lib/docker")

Tell = Callable[[int, int], None]
"""Takes how many bytes are done, of how many in all."""

_MARK = "unpacked.json"
_CHUNK = 2**20
_APT = """\
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "{folder}/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
Acquire::Languages "none";
"""
# The sums of the bundle hold for all of it: nobody signs the list of packages.
_SOURCES = "deb [trusted=yes] file:{folder}/debs ./\n"


class Refused(Exception):
    """The bundle cannot be used, here or at all: a sentence for a person."""


def ensure(file: Path, folder: Path, tell: Tell) -> dict[str, Any]:
    """
    Unpack the program's part of a bundle, unless this one is there, and return what it is.

    The folder is there whole or not at all, and only after the whole file was found good.

    Raises:
        Refused: the file is damaged or no bundle, is for another machine, or does not fit.
    """
    part = folder.with_name(f"{folder.name}.part")
    if not file.is_file():
        raise Refused(f"{file} is not there.")
    try:
        mark = _mark(file)
        if _read(folder / _MARK) != mark:
            for old in (folder, part):
                shutil.rmtree(old, ignore_errors=True)
            _unpack(file, part, tell)
            write_settings(part, folder)
            (part / _MARK).write_text(json.dumps(mark), "utf-8")
            part.rename(folder)
    except OSError as error:
        raise Refused(f"{file} cannot be unpacked into {folder}: {error.strerror}.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return dict(_read(folder / ABOUT))


def environment(folder: Path) -> dict[str, str]:
    """Variables by which apt, pip and npm take what they need from the folder, and only there."""
    return {
        "APT_CONFIG": f"{folder}/apt.conf",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": f"{folder}/wheels",
        "npm_config_cache": f"{folder}/npm",
        "npm_config_offline": "true",
        "npm_config_registry": _read(folder / ABOUT)["npm"],  # its cache knows things by it
    }


@contextmanager
def opened(file: Path) -> Iterator[tuple[dict[str, Any], tarfile.TarFile]]:
    """
    Open a bundle, and read what it is; the members after that one come next.

    Raises:
        Refused: it is no bundle, or ends too soon.
    """
    try:
        with tarfile.open(file, "r:") as tar:
            yield _about(file, tar), tar
    except (tarfile.TarError, EOFError):
        raise Refused(
            f"{file} is cut short, or was not made by `opendata-hub bundle`; copy it once more."
        ) from None


def _about(file: Path, tar: tarfile.TarFile) -> dict[str, Any]:
    first = tar.next()
    stream = tar.extractfile(first) if first and first.name == ABOUT else None
    content, _, checksum = stream.read().partition(b"\n") if stream else (b"", b"", b"")
    if hashlib.sha256(content).hexdigest().encode() != checksum:
        raise Refused(f"{file} was not made by `opendata-hub bundle`, or is damaged.")
    about: dict[str, Any] = json.loads(content)
    if about["format"] != FORMAT:
        raise Refused(f"{file} was made by opendata-hub {about['version']}, and needs that.")
    return about


def _unpack(file: Path, part: Path, tell: Tell) -> None:
    with opened(file) as (about, tar):
        _require_fit(file, about)
        _require_room(file, about, part)
        part.mkdir(parents=True)
        (part / ABOUT).write_text(json.dumps(about), "utf-8")
        found: dict[str, str] = {}
        while (member := tar.next()) and member.name != SUMS:
            if member.isreg():
                found[member.name] = _take(tar, member, _target(part, member.name))
            tell(tar.offset, file.stat().st_size)
        _require_same(file, found, _sums(file, tar, member, found))


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    """Write a member somewhere, and return its sum."""
    digest, stream = hashlib.sha256(), tar.extractfile(member)
    with target.open("wb") as out:
        while stream and (piece := stream.read(_CHUNK)):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _target(part: Path, name: str) -> Path:
    """Where a member goes while its sum is taken: nowhere, unless it is the program's."""
    top, *below = name.split("/")
    if top not in PROGRAM or ".." in below:
        return Path(os.devnull)
    target = part / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _sums(
    file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo | None, found: Iterable[str]
) -> dict[str, str]:
    stream = tar.extractfile(member) if member else None
    try:
        return dict(json.loads(stream.read() if stream else b""))
    except ValueError:
        raise Refused(
            f"{file} is cut short, or damaged after {[ABOUT, *found][-1]}; copy it once more."
        ) from None


def _require_same(file: Path, found: dict[str, str], sums: dict[str, str]) -> None:
    for name in (*sums, *found):
        if found.get(name) != sums.get(name):
            raise Refused(
                f"{file} is damaged: {name} in it is not what was packed; copy it once more."
            )


def this_machine() -> dict[str, str]:
    """
    Return what must be the same where a bundle is packed and where it is used.

    Raises:
        Refused: this is no Debian, nor made from it.
    """
    asked = ["dpkg", "--print-architecture"]
    try:
        known = platform.freedesktop_os_release()
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        raise Refused("Bundles are for Debian and Ubuntu, and this machine has no dpkg.") from None
    return {
        "distribution": known["ID"],
        "release": known.get("VERSION_CODENAME", ""),
        "architecture": done.stdout.strip(),
        "python": "{}.{}".format(*sys.version_info),
    }


def _require_fit(file: Path, about: dict[str, Any]) -> None:
    here = this_machine()
    if name(here) != name(about):
        raise Refused(
            f"{file} is for {name(about)}, and this machine is {name(here)}; pack one on a machine "
            "like this: opendata-hub bundle"
        )
    if here["python"] != about["python"]:
        raise Refused(
            f"{file} is for Python {about['python']}, which {name(about)} has, and this is "
            f"{here['python']} at {sys.executable}; use /usr/bin/python3."
        )


def name(machine: dict[str, Any]) -> str:
    """Name a kind of machine: ``debian bookworm on amd64``."""
    return "{distribution} {release} on {architecture}".format(**machine)


def _require_room(file: Path, about: dict[str, Any], folder: Path) -> None:
    needs = {folder: about["room"]["program"]}
    if not ENGINE.exists():  # an engine that is here may have the images already: asked later
        needs[ENGINE] = about["room"]["images"]
    disks: dict[int, tuple[Path, int]] = {}
    for path, need in needs.items():
        place = next(one for one in (path, *path.parents) if one.exists())
        disk = place.stat().st_dev
        disks[disk] = (place, need + disks.get(disk, (place, 0))[1])
    for place, need in disks.values():
        free = shutil.disk_usage(place).free
        if free < need:
            raise Refused(
                f"The disk of {place} has {free / 1e9:.1f} GB free, and what {file} brings needs "
                f"about {need / 1e9:.1f} GB there; make room, or take a larger disk."
            )


def write_settings(part: Path, folder: Path) -> None:
    """Write into ``part`` by what apt takes its packages from it, once it is ``folder``."""
    (part / "lists/partial").mkdir(parents=True)
    (part / "apt.conf").write_text(_APT.format(folder=folder), "utf-8")
    (part / "sources.list").write_text(_SOURCES.format(folder=folder), "utf-8")


def _mark(file: Path) -> list[int]:
    """Tell this file from any other, and from itself after a change."""
    facts = file.stat()
    return [facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns]


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def main() -> None:
    """Unpack, or say why not."""
    file, folder = (Path(word).absolute() for word in sys.argv[1:])
    try:
        about = ensure(file, folder, lambda done, total: None)
    except Refused as refused:
        sys.exit(str(refused))
    print(json.dumps({"package": about["package"], "environment": environment(folder)}))  # noqa: T201


if __name__ == "__main__":
    main()
