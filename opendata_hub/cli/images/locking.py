"""``opendata-hub images lock``, ``unlock`` and ``rollback``: the digests of a catalogue."""

from pathlib import Path

import click
import docker

from opendata_hub import locks
from opendata_hub.catalogue import Image
from opendata_hub.cli.audited import Audited
from opendata_hub.cli.images import options
from opendata_hub.cli.images.outcomes import Outcome, each, end
from opendata_hub.cli.steps import in_words
from opendata_hub.errors import MachineError
from opendata_hub.locks import Pin
from opendata_hub.machine import digests
from opendata_hub.machine.digests import Answer
from opendata_hub.settings import Settings


@click.command(cls=Audited)
@options.slugs
@options.config
@options.as_json
@in_words()
def lock(slugs: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """
    Write the digests of images into a file beside the catalogue: of those named, else of all.

    From then on they are pulled and started by digest, whatever happens to their tags. The
    registry is asked, nothing is downloaded; where it does not answer, the image that is here
    counts. Locking anew keeps the digests before, for `rollback`.
    """
    settings = options.settings_of(config)
    images = options.chosen(settings, slugs)
    pins: dict[str, Pin] = {}

    def run(client: docker.DockerClient) -> bool:
        return each(images, lambda image: _lock(client, image, settings, pins), as_json)

    well = options.with_engine(run)
    _write(settings, locks.read(settings.lock).with_pins(pins))
    end(well)


@click.command(cls=Audited)
@options.slugs
@options.config
@options.as_json
@in_words()
def rollback(slugs: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """
    Go back to the digests before the last lock: those of the images named, else of all.

    A second time it goes forward again.
    """
    settings = options.settings_of(config)
    before = locks.read(settings.lock)
    images = options.chosen(settings, slugs)
    able = [image for image in images if _pin(before.images, image).previous]
    if not slugs and not able:
        raise MachineError(f"{settings.lock} has no earlier digests, so there is no way back.")
    pins: dict[str, Pin] = {}
    well = each(images if slugs else able, lambda i: _roll_back(i, before.images, pins), as_json)
    _write(settings, before.with_pins(pins))
    end(well)


@click.command(cls=Audited)
@options.slugs
@options.config
@in_words()
def unlock(slugs: tuple[str, ...], config: Path | None) -> None:
    """Let images follow their tags again: those named, else all. The way back is gone then."""
    settings = options.settings_of(config)
    names = {image.image for image in options.chosen(settings, slugs)}
    before = locks.read(settings.lock)
    _write(settings, before.without(names if slugs else set(before.images)))
    for name in sorted(names & set(before.images)):
        click.echo(f"{name} follows its tag again.")


def _write(settings: Settings, lock: locks.Lock) -> None:
    if lock != locks.read(settings.lock):
        locks.write(settings.lock, lock)
        click.echo(f"{'Written' if lock.images else 'Removed'}: {settings.lock}", err=True)


def _lock(
    client: docker.DockerClient, image: Image, settings: Settings, pins: dict[str, Pin]
) -> Outcome:
    before = locks.read(settings.lock).images.get(image.image)
    if image.is_local:
        text = "made on this machine, so no registry has a digest of it; it cannot be locked"
        return Outcome(text, {"digest": None, "previous": None})
    if "@" in image.image:
        text = "written with its digest already"
        return Outcome(text, {"digest": image.digest, "previous": None})
    answer = digests.ask(client, image, settings.registries)
    pin = before.moved(answer.digest) if before else Pin(digest=answer.digest)
    pins[image.image] = pin
    return Outcome(_locked(pin, before, answer), pin.model_dump())


def _locked(pin: Pin, before: Pin | None, answer: Answer) -> str:
    if pin == before:
        text = f"still {pin.digest}"
    elif pin.previous:
        text = f"locked to {pin.digest}; before, it was {pin.previous}"
    else:
        text = f"locked to {pin.digest}"
    if not answer.trouble:
        return text
    return f"{text}; that is the image which is here, as its registry does not tell: " + (
        answer.trouble
    )


def _roll_back(image: Image, before: dict[str, Pin], pins: dict[str, Pin]) -> Outcome:
    pin = _pin(before, image)
    if not pin.previous:
        raise MachineError("The lock has no earlier digest of it.")
    pins[image.image] = pin.back()
    text = f"locked to {pin.previous} again, and no more to {pin.digest}"
    return Outcome(text, pins[image.image].model_dump())


def _pin(pins: dict[str, Pin], image: Image) -> Pin:
    return pins.get(image.image) or Pin.model_construct(digest="")
