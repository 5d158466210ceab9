"""What people name on the command line, a slug or a reference, as an image that can be tried."""

from pathlib import Path

from opendata_hub.catalogue import Image
from opendata_hub.cli.images import options
from opendata_hub.engine import ensure_network
from opendata_hub.engine.network import subnets
from opendata_hub.homes import LABEL, safe_name
from opendata_hub.machine.access import Access
from opendata_hub.machine.subject import Subject
from opendata_hub.settings import Settings
from opendata_hub.settings.access import IN_SERVER, access, environment, mounts
from opendata_hub.settings.apply import NETWORK
from opendata_hub.settings.model import HubFile


def chosen(name: str, config: Path | None) -> tuple[Subject, Access]:
    """
    Return the image that is meant, with what the hub's settings give its servers, and the way out.

    A word is a slug; what has a slash, a colon or an @ is a reference, and may be a stranger's.
    Makes the network of the hub's servers.

    Raises:
        ConfigError: the settings have a fault.
        MachineError: the catalogue has no such slug.
        EngineError: the network cannot be made.
    """
    gateway = ensure_network(NETWORK, {f"{LABEL}.role": "network"})
    settings = options.settings_of(config)
    way, near = access(settings), (gateway, *subnets(NETWORK))
    image = _image(name, settings)
    subject = _subject(
        image.slug if image in settings.catalogue.images else name,
        image,
        settings,
        environment=environment(settings, near, IN_SERVER),
        mounts=mounts(way),
    )
    return subject, way


def _subject(name: str, image: Image, file: HubFile, **more: object) -> Subject:
    limits = file.limits
    return Subject(
        name,
        image,
        image.memory or limits.memory,
        image.cpu or limits.cpu,
        limits.processes,
        **more,  # type: ignore[arg-type]
    )


def _is_reference(name: str) -> bool:
    return not set("/:@").isdisjoint(name)


def _image(name: str, settings: Settings) -> Image:
    if not _is_reference(name):
        return options.chosen(settings, (name,))[0]
    entries = (entry for entry in settings.catalogue.images if entry.image == name)
    return next(entries, _made_up(name))


def _made_up(reference: str) -> Image:
    return Image(slug=safe_name(reference), display_name=reference, image=reference)
