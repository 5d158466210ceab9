"""The image of a start: here before the container is made."""

from collections.abc import AsyncIterator
from contextlib import suppress

from opendata_hub import diagnosis
from opendata_hub.catalogue import Image
from opendata_hub.engine import Engine, PullProgress
from opendata_hub.errors import ImageNotFound
from opendata_hub.spawner.failures import Diagnosed


async def have(
    engine: Engine, reference: str, entry: Image | None, policy: str
) -> AsyncIterator[PullProgress]:
    """
    Have an image on the engine, and yield how far its pull is where it needs one.

    Args:
        entry: the catalogue's; None for an image of one's own.
        policy: DockerSpawner's ``pull_policy``.

    Raises:
        Diagnosed: the image is made on this machine, and has not been made.
        ImageNotFound: it is not here, and the policy forbids to pull.
        EngineError: it cannot be pulled.
    """
    if policy == "skip" or (policy != "always" and await name(engine, reference, entry)):
        return
    if entry is not None and entry.is_local:
        raise Diagnosed(diagnosis.not_built(entry.display_name, entry.slug))
    if policy == "never":
        raise ImageNotFound(f"no such image here: {reference}; the pull policy is 'never'")
    async for pull in engine.pull(reference):
        yield pull
    if entry is not None and entry.digest and entry.tagged and reference == entry.reference:
        await engine.tag(reference, entry.tagged)


async def name(engine: Engine, reference: str, entry: Image | None) -> str:
    """Return what the engine knows an image by: its reference, else the tag that stands for the
    digest of one that came as a file; empty where it is not here.
    """
    names = entry.names if entry and reference == entry.reference else (reference,)
    for known in names:
        with suppress(ImageNotFound):
            await engine.image(known)
            return known
    return ""
