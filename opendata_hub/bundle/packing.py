"""Making a bundle: all that a machine without network needs for a hub, in one file."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from opendata_hub import __version__, places
from opendata_hub.bundle import debs, unpack, wheels
from opendata_hub.bundle.writing import Writer
from opendata_hub.catalogue import Image
from opendata_hub.datasets import Dataset
from opendata_hub.errors import MachineError
from opendata_hub.fetching import planning
from opendata_hub.fetching.place import Place
from opendata_hub.fields import format_size
from opendata_hub.machine import Say, layers, parcels, space
from opendata_hub.machine.sealing import Tell

IMAGES = "images.tar.gz"
DATASETS = "datasets"
FILES = "files"
"""Folder in that of a dataset, with what students see."""
CODE = "unpack.py"
"""What opens the bundle where there is nothing of us yet."""

About = dict[str, Any]
Carried = Mapping[str, tuple[Dataset, Path]]
Member = tuple[Path, str]
"""A file or folder, and its name in the bundle."""

_PROGRAM = 4 * 10**8  # bytes that the program takes in the file, and some
_COMPRESSED = 0.4  # times as large as its layers, the file of images is at most
_SCRATCH = Path("/var/tmp")  # noqa: S108 - /tmp is often small
_HINTS = {errno.EFBIG: " A stick formatted as FAT takes no file over 4 GB; exFAT and ext4 do."}


@dataclass(frozen=True)
class Contents:
    """
    What goes in beside the program.

    Attributes:
        folder: where hub.yaml is.
    """

    images: Sequence[Image]
    datasets: Mapping[str, Dataset]
    folder: Path

    def carried(self) -> Carried:
        """
        Return datasets with their folders, but for those that the program brings.

        Raises:
            MachineError: one is not here, or not whole, or not what hub.yaml asks for.
            DataError: nobody here knows which files one has.
        """
        named = ((name, one, _place(name, one)) for name, one in self.datasets.items())
        return {
            name: (dataset, place)
            for name, dataset, place in named
            if not place.is_relative_to(places.ASSETS)
        }


def _place(name: str, dataset: Dataset) -> Path:
    """Where a dataset is, all of it: the other machine has no network to mend it."""
    if not dataset.is_fetched:
        return dataset.path.resolve()
    current = Place(dataset.path).current
    if current and planning.plan(name, dataset, None, None, anew=False).is_done:
        return current.folder
    what = "is damaged, or not what hub.yaml asks for now" if current else "is not here"
    raise MachineError(
        f"Dataset '{name}' in {dataset.path} {what}; get it first: opendata-hub data fetch {name}"
    )


def pack(client: docker.DockerClient, contents: Contents, file: Path, say: Say) -> About:
    """
    Make a bundle for machines of this one's distribution, release and architecture.

    The file is there whole, or not at all.

    Args:
        client: the engine that has the images.

    Returns:
        dict: what the bundle says of itself.

    Raises:
        MachineError: something is not here or cannot be got, or a disk has no room.
        DataError: nobody here knows which files a dataset has.
        EngineError: the engine broke off.
    """
    carried = contents.carried()
    sizes = {name: _size(place) for name, (_, place) in carried.items()}
    ids = {image.names[-1]: parcels.here(client, image) for image in contents.images}
    layered = layers.together(client, ids.values())
    needed = int(layered * _COMPRESSED) + _PROGRAM
    space.require({_SCRATCH: needed})
    space.require({file.absolute().parent: needed + sum(sizes.values())})
    with tempfile.TemporaryDirectory(prefix="opendata-hub-", dir=_SCRATCH) as scratch:
        stage = Path(scratch)
        about = _gather(stage, say)
        say("Saving the images")
        parcels.save(client, contents.images, stage / IMAGES, telling(say))
        about["images"] = {name: parcels.content(client, one) for name, one in ids.items()}
        about["room"]["images"] = 2 * layered  # the engine unpacks them before it takes them
        about["datasets"] = {
            name: {"size": sizes[name], "path": _path(dataset, contents.folder)}
            for name, (dataset, _) in carried.items()
        }
        say(f"Writing {file}")
        members = [*_program(stage), *_data(carried)]
        _write(file, about, members, sum(sizes.values()) + _size(stage), telling(say))
    return about


def _gather(stage: Path, say: Say) -> About:
    """Gather the program, and what the bundle says of itself so far."""
    found = debs.gather(stage / "debs", say)
    here = unpack.this_machine()
    if here["python"] != found.python:
        raise MachineError(
            f"This opendata-hub runs with Python {here['python']}, and {unpack.name(here)} has "
            f"{found.python}, as the other machine will; put it into an environment of that: "
            "/usr/bin/python3 -m venv FOLDER, then FOLDER/bin/pip install opendata-hub."
        )
    unpacked = wheels.gather(stage / "wheels", say)
    registry = wheels.gather_proxy(stage / "npm", stage / "wheels", say)
    room = {"program": 2 * _size(stage) + unpacked + found.installed}
    code = Path(unpack.__file__).read_bytes()
    (stage / CODE).write_bytes(code)
    what = {"format": unpack.FORMAT, "version": __version__, "package": wheels.PACKAGE}
    return {**here, **what, "npm": registry, "room": room, CODE: hashlib.sha256(code).hexdigest()}


def _program(stage: Path) -> Iterator[Member]:
    """Yield the files of the program: what opens the bundle comes first."""
    yield stage / CODE, CODE
    yield places.ASSETS / "bootstrap.py", "bootstrap.py"
    for name in (*unpack.PROGRAM, IMAGES):
        yield stage / name, name


def _data(carried: Carried) -> Iterator[Member]:
    for name, (dataset, place) in carried.items():
        folder = f"{DATASETS}/{name}"
        listing = Place(dataset.path).listing_file
        if dataset.is_fetched and listing.is_file():
            yield listing, f"{folder}/{listing.name}"
        yield place, f"{folder}/{FILES}"


def _write(file: Path, about: About, members: Sequence[Member], total: int, tell: Tell) -> None:
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as out:
            writer = Writer(out, about, tell, total)
            for path, name in members:
                writer.add(path, name)
            writer.close()
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise MachineError(
            f"{file} cannot be written: {error.strerror}.{_HINTS.get(error.errno or 0, '')}"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _path(dataset: Dataset, folder: Path) -> str | None:
    """Where a folder that is just there goes, relative to hub.yaml where it was beside it."""
    if dataset.is_fetched:
        return None
    beside = dataset.path.is_relative_to(folder)
    return str(dataset.path.relative_to(folder) if beside else dataset.path)


def _size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def telling(say: Say) -> Tell:
    """Say how many bytes are done, of how many."""
    return lambda done, total: say(f"  {format_size(done)} of {format_size(total)}")
