"""What a bundle brings, on the machine that it was carried to."""

import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import docker

from opendata_hub import places
from opendata_hub.bundle import unpack
from opendata_hub.bundle.packing import DATASETS, FILES, IMAGES, telling
from opendata_hub.datasets import Dataset
from opendata_hub.errors import MachineError
from opendata_hub.fetching import bring
from opendata_hub.fetching.place import settle
from opendata_hub.machine import Say, parcels, sealing, space


@contextmanager
def used(file: Path, say: Say) -> Iterator["Bundle"]:
    """
    Let apt, pip and npm take what they need from a bundle, which was checked as a whole, meanwhile.

    Raises:
        MachineError: it is damaged or no bundle, is for another machine, or does not fit.
    """
    file, folder = file.absolute(), places.PROGRAM / "bundle"
    say(f"Checking {file}")
    with _in_words():
        about = unpack.ensure(file, folder, telling(say))
    before = dict(os.environ)
    os.environ.update(unpack.environment(folder))
    try:
        yield Bundle(file, about)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Bundle:
    """
    A file that was found good, and is for this machine.

    Attributes:
        about: what it says of itself.
    """

    file: Path
    about: Mapping[str, Any]

    def load_images(self, client: docker.DockerClient, say: Say) -> None:
        """
        Load the images into the engine, unless it has them all.

        Raises:
            MachineError: the engine's disk has no room, or the bundle cannot be read.
            EngineError: the engine broke off.
        """
        images = self.about["images"]
        if all(parcels.content(client, name) == known for name, known in images.items()):
            return
        say("Loading the images of the bundle")
        with self._member(IMAGES) as (stream, size):
            parcels.load_from(
                client,
                stream,
                lambda done: telling(say)(done, size),
                self.about["room"]["images"] // 2,
            )

    def place_folders(self, say: Say) -> None:
        """
        Put datasets that are nothing but folders where they were, unless there is something.

        Relative paths are those of a hub.yaml in its place, /etc/opendata-hub.

        Raises:
            MachineError: they do not fit, or cannot be written.
        """
        targets = {
            name: places.CONFIG / facts["path"]
            for name, facts in self.about["datasets"].items()
            if facts["path"] is not None and not (places.CONFIG / facts["path"]).exists()
        }
        self._require_room(targets)
        for name, target in targets.items():
            say(f"Unpacking dataset {name} into {target}")
            with self._staged(name, target.parent) as stage:
                (stage / FILES).rename(target)
                settle(target.parent)

    def bring_datasets(self, datasets: Mapping[str, Dataset], say: Say) -> None:
        """
        Bring the datasets that hub.yaml lets `opendata-hub data fetch` fetch, and check them again.

        Args:
            datasets: those of hub.yaml; what the bundle does not have is left to `data fetch`.

        Raises:
            MachineError: they do not fit, or cannot be written.
            OpenDataError: a file is not what hub.yaml says.
        """
        wanted = {
            name: dataset
            for name, dataset in datasets.items()
            if name in self.about["datasets"] and dataset.is_fetched and not dataset.share.place
        }
        self._require_room({name: dataset.path for name, dataset in wanted.items()})
        for name, dataset in wanted.items():
            say(f"Unpacking dataset {name} into {dataset.path}")
            with self._staged(name, dataset.path.parent) as stage:
                bring(name, dataset, stage)

    def _require_room(self, targets: Mapping[str, Path]) -> None:
        needs: dict[Path, int] = {}
        for name, target in targets.items():
            folder = next(one for one in target.parents if one.exists())
            needs[folder] = needs.get(folder, 0) + self.about["datasets"][name]["size"]
        space.require(needs)

    @contextmanager
    def _staged(self, name: str, folder: Path) -> Iterator[Path]:
        """Unpack a dataset beside the place where it goes."""
        stage = folder / f".{name}.bundle"
        try:
            shutil.rmtree(stage, ignore_errors=True)
            self._unpack(f"{DATASETS}/{name}/", stage)
            yield stage
        except OSError as error:
            raise MachineError(
                f"Dataset '{name}' cannot be unpacked into {folder}: {error.strerror}."
            ) from None
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def _unpack(self, prefix: str, stage: Path) -> None:
        """Have all of it on the disk: what is there next time is taken for whole."""
        with _in_words(), unpack.opened(self.file) as (_, tar):
            while member := tar.next():
                if member.name.startswith(prefix):
                    _place(tar, member, stage / member.name.removeprefix(prefix))
        for folder, _, _ in os.walk(stage):
            settle(Path(folder))

    @contextmanager
    def _member(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        try:
            with _in_words(), unpack.opened(self.file) as (_, tar):
                while (member := tar.next()) and member.name != name:
                    pass
                stream = tar.extractfile(member) if member else None
                if member is None or stream is None:
                    raise MachineError(f"{self.file} has no {name}.")
                yield stream, member.size
        except OSError as error:
            raise MachineError(f"{self.file} cannot be read: {error.strerror}.") from None


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        target.symlink_to(member.linkname)
        return
    if member.isdir():
        target.mkdir()
    elif stream := tar.extractfile(member):
        with target.open("wb") as out:
            shutil.copyfileobj(stream, out, sealing.CHUNK)
            out.flush()
            os.fsync(out.fileno())
        os.utime(target, (member.mtime, member.mtime))
    target.chmod(member.mode)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except unpack.Refused as refused:
        raise MachineError(str(refused)) from None
