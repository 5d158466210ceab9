"""``opendata-hub images push``: images into a registry."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import docker

from opendata_hub.catalogue import Image
from opendata_hub.cli.images import bars, options
from opendata_hub.cli.images.outcomes import Outcome, each, end
from opendata_hub.cli.steps import in_words
from opendata_hub.engine import PushProgress, translated
from opendata_hub.engine import push as push_one
from opendata_hub.errors import EngineError, MachineError
from opendata_hub.machine import presence
from opendata_hub.registries import REFUSAL, Login, auth_config, host_of, is_host


@click.command()
@options.slugs
@click.option(
    "--to",
    metavar="HOST/PREFIX",
    help="Push as HOST/PREFIX/SLUG:TAG.  [default: the name that the catalogue has]",
)
@options.config
@options.as_json
@in_words()
def push(slugs: tuple[str, ...], to: str | None, config: Path | None, as_json: bool) -> None:
    """
    Push images to a registry: those named, else all that have a recipe.

    The login is that of `registries` in hub.yaml, else that of `docker login`. An image that fails
    does not stop the others.
    """
    settings = options.settings_of(config)
    images = [i for i in options.chosen(settings, slugs) if slugs or i.build]

    def run(client: docker.DockerClient) -> bool:
        return each(images, lambda image: _push(client, image, to, settings.registries), as_json)

    end(options.with_engine(run))


def _push(
    client: docker.DockerClient, image: Image, to: str | None, logins: Mapping[str, Login]
) -> Outcome:
    target = f"{_prefix(to)}/{image.slug}:{_tag(image)}" if to else image.tagged
    if image.is_local and not to:
        raise MachineError(f"{image.image} names no registry; say where: --to HOST/PREFIX")
    if not target:
        raise MachineError(f"{image.image} has no tag; say where: --to HOST/PREFIX")
    found = presence.find(client, image)
    if found is None:
        verb = "build" if image.is_local else "pull"
        raise MachineError(f"It is not here: opendata-hub images {verb} {image.slug}")
    now = PushProgress()
    with (
        _named(client, str(found.id), target),
        _explained(target, logins),
        bars.bar(image.slug) as tell,
    ):
        for now in push_one(client.api, target, auth_config(logins, target)):
            tell(now.done, now.total)
    return Outcome(f"{target} has it, {now.digest}", {"pushed": target, "digest": now.digest})


def _prefix(to: str) -> str:
    prefix = to.rstrip("/")
    host, _, path = prefix.partition("/")
    if not is_host(host) or not re.fullmatch(r"[a-z0-9._/-]*", path):
        raise MachineError(f"--to is {to!r}; write a registry and a path: quay.io/my-class")
    return prefix


def _tag(image: Image) -> str:
    return image.tagged.rpartition(":")[2] or "latest"


@contextmanager
def _named(client: docker.DockerClient, image: str, name: str) -> Iterator[None]:
    """Give an image a name; afterwards it goes where the engine did not know it before."""
    with translated():
        known = client.images.list(name)
    presence.tag(client, image, name)
    try:
        yield
    finally:
        if not known:
            with translated():
                client.api.remove_image(name, noprune=True)


@contextmanager
def _explained(target: str, logins: Mapping[str, Login]) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        said, host = str(error).rstrip("."), host_of(target)
        if not re.search(REFUSAL, said, re.IGNORECASE):
            raise MachineError(f"{target} cannot be pushed: {said}.") from None
        way = (
            "the login that hub.yaml has for it under 'registries' may not push there"
            if host in logins
            else f"log in with 'docker login {host}', or write the login into hub.yaml under "
            "'registries'"
        )
        raise MachineError(f"{host} refused {target}: {said}; {way}.") from None
