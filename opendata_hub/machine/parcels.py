"""Images as one file, for machines without network: saved here, loaded there."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import docker
from docker.errors import ImageNotFound

from opendata_hub.catalogue import BY_DIGEST, Image, repository
from opendata_hub.engine import translated
from opendata_hub.errors import EngineError, MachineError
from opendata_hub.machine import layers, presence, recipes, sealing, space
from opendata_hub.machine.sealing import Tell

ENDINGS = (".tar", ".tar.gz", ".tgz")

_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")
_TAR = 1.1  # times as large as its files, a tar of many small ones is at most
_COMPRESSED = 0.25  # times as large, at best


def save(client: docker.DockerClient, images: Sequence[Image], file: Path, tell: Tell) -> None:
    """
    Write images into one file, with what their recipes stand on; layers that they share once.

    ``docker load`` reads it too. The file is there whole, or not at all.

    Raises:
        MachineError: an image is not here, the file's name ends in none of :data:`ENDINGS`, or the
            disk has no room for it.
        EngineError: the engine broke off.
    """
    if not file.name.endswith(ENDINGS):
        raise MachineError(f"{file} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    part = file.with_name(f"{file.name}.part")
    try:
        with translated(), _named(client, images) as names:
            _save(client, names, file, part, tell)
    except OSError as error:
        raise MachineError(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _save(
    client: docker.DockerClient, names: Sequence[str], file: Path, part: Path, tell: Tell
) -> None:
    expected = int(layers.together(client, names) * _TAR)
    need = int(expected * _COMPRESSED) if sealing.is_compressed(file) else expected
    space.require({file.absolute().parent: need, _engines_folder(client): expected})
    with part.open("wb") as raw:
        with sealing.opened(file, raw) as stream:
            sealer, done = sealing.Sealer(stream), 0
            for piece in _export(client, names):
                sealer.write(piece)
                done += len(piece)
                tell(done, max(done, expected))
            sealer.close()
            tell(done, done)
        raw.flush()
        os.fsync(raw.fileno())
    part.replace(file)


def _export(client: docker.DockerClient, names: Sequence[str]) -> Iterator[bytes]:
    """Ask for all in one tar: docker-py knows how to ask for one image only."""
    api = client.api
    url = f"{api.base_url}/v{api.api_version}/images/get"
    with api.get(url, params={"names": list(names)}, stream=True, timeout=None) as answer:
        if not answer.ok:
            raise EngineError(f"the images cannot be saved: {answer.text.strip()}")
        yield from answer.iter_content(sealing.CHUNK)


@contextmanager
def _named(client: docker.DockerClient, images: Sequence[Image]) -> Iterator[list[str]]:
    """Give the tags under which the file has the images; those for digests only meanwhile."""
    names: dict[str, str] = {}
    for image in images:
        presence.give_name(client, image)
        found = here(client, image)
        names |= {name: found for name in (*image.names[1:], image.tagged) if name}
        names |= _under(client, image)
    made = [name for name in names if repository(name) == BY_DIGEST and not id_of(client, name)]
    for name in made:
        presence.tag(client, names[name], name)
    try:
        yield list(names)
    finally:
        for name in made:
            client.api.remove_image(name)


def here(client: docker.DockerClient, image: Image) -> str:
    """
    Return the id of an image that is to be saved.

    Raises:
        MachineError: it is not here.
    """
    found = presence.find(client, image)
    if found is None:
        verb = "build" if image.is_local else "pull"
        raise MachineError(
            f"Image '{image.slug}' is not here; get it first: opendata-hub images {verb} "
            f"{image.slug}"
        )
    return str(found.id)


def _under(client: docker.DockerClient, image: Image) -> dict[str, str]:
    """What an image that is made here stands on: without it, it counts as one to be made anew."""
    below = recipes.foundations(image.build) if image.build and image.is_local else ()
    found = {name: id_of(client, name) for name in below}
    return {name: there for name, there in found.items() if there}


def id_of(client: docker.DockerClient, name: str) -> str:
    """Return the id of an image, empty where the engine has none of this name."""
    try:
        return str(client.images.get(name).id)
    except ImageNotFound:
        return ""


def content(client: docker.DockerClient, name: str) -> str:
    """
    Return what tells an image from others, on any engine; empty where this one has none of it.

    The id does not: engines that keep images with containerd count it from something else.
    """
    try:
        facts = client.api.inspect_image(name)
    except ImageNotFound:
        return ""
    made_of = [facts["Created"], *facts["RootFS"]["Layers"]]
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


def load(client: docker.DockerClient, file: Path, tell: Tell, length: int = 0) -> list[str]:
    """
    Load images from a file of :func:`save`, which :func:`sealing.check` has found whole.

    Each counts as one that came through us; names that other images had go over to these.

    Args:
        length: bytes of the tar in it, to make sure that they fit.

    Returns:
        list[str]: the names of the images, in no order.

    Raises:
        MachineError: the engine's disk has no room, or the file cannot be read.
        EngineError: the engine broke off.
    """
    with file.open("rb") as raw:
        return load_from(client, raw, lambda done: tell(done, file.stat().st_size), length)


def load_from(
    client: docker.DockerClient, raw: IO[bytes], tell: Callable[[int], None], length: int = 0
) -> list[str]:
    """Do what :func:`load` does, with an open file that was found whole."""
    with translated():
        # The engine unpacks the whole file before it takes the images out of it.
        space.require({_engines_folder(client): 2 * length})
        loaded = _loaded(client.api.load_image(_pieces(raw, tell)))
        for name in loaded:
            presence.mark(client, str(client.images.get(name).id))
    return [name for name in loaded if repository(name) != BY_DIGEST]


def _pieces(raw: IO[bytes], tell: Callable[[int], None]) -> Iterator[bytes]:
    while piece := _read(raw):
        yield piece
        tell(raw.tell())


def _read(raw: IO[bytes]) -> bytes:
    try:
        return raw.read(sealing.CHUNK)
    except OSError as error:  # within a request it would count as the engine's
        raise MachineError(
            f"The file with the images cannot be read: {error.strerror}; copy it once more."
        ) from None


def _loaded(events: Iterator[dict[str, Any]]) -> list[str]:
    names = []
    for event in events:
        if "error" in event:
            raise EngineError(f"the images cannot be loaded: {event['error'].strip()}")
        names += _LOADED.findall(event.get("stream", ""))
    return names


def _engines_folder(client: docker.DockerClient) -> Path:
    return Path(client.info()["DockerRootDir"])
