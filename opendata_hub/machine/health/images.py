"""The catalogue's images: on the engine, made for this hub, and as their recipes say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version

import docker
from docker.errors import APIError

from opendata_hub.catalogue import Catalogue, Image, default_of
from opendata_hub.errors import EngineError, MachineError
from opendata_hub.homes import LABEL
from opendata_hub.machine import own_command, presence, recipes
from opendata_hub.machine.health.finding import Finding, fault, ok, warning

_FOR_ALL = 2  # measured: from 2.0 on, older than the hub or newer, everybody gets in


@dataclass(frozen=True)
class Found:
    """
    One image of the catalogue, as the engine has it.

    Attributes:
        name: its slug.
        reference: its name on the engine.
        local: whether it is made on this machine, from a recipe.
        here: whether the engine has it.
        hub: version of the JupyterHub inside, if a label tells.
        current: whether it is what its recipe says now; true where it has none.
        trouble: why it could not be looked at.
        default: whether it is the one that people get who do not choose.
    """

    name: str
    reference: str
    local: bool = False
    here: bool = True
    hub: str | None = None
    current: bool = True
    trouble: str = ""
    default: bool = True

    @property
    def fix(self) -> str:
        """The command that makes it as its recipe says."""
        return own_command.prepare() if self.default else f"opendata-hub images build {self.name}"


def check(client: docker.DockerClient, catalogue: Catalogue) -> Iterator[Finding]:
    """Look at each image, then judge."""
    default = default_of(catalogue.images)
    for image in catalogue.images:
        found = replace(look(client, image), default=image is default)
        yield judge(found, version("jupyterhub"))


def look(client: docker.DockerClient, image: Image) -> Found:
    """Ask the engine for one image."""
    name, reference, local = image.slug, image.reference, image.is_local
    try:
        found = presence.find(client, image)
        current = not (image.build and local) or recipes.is_current(client, image.build, reference)
    except (APIError, EngineError, MachineError) as error:
        trouble = getattr(error, "explanation", None) or str(error)
        return Found(name, reference, local, trouble=trouble)
    if found is None:
        return Found(name, reference, local, here=False)
    return Found(name, reference, local, True, found.labels.get(f"{LABEL}.jupyterhub"), current)


def judge(image: Found, hub: str) -> Finding:
    """
    Say whether people can start an image.

    Args:
        hub: version of the JupyterHub beside this package.
    """
    name = f"Image {image.name}"
    if image.trouble:
        text = f"{image.reference} cannot be used: {image.trouble.rstrip('.')}."
        return fault(name, text, "mend its entry in the catalogue, or its recipe")
    if not image.here:
        return _absent(name, image)
    if image.hub and _major(image.hub) < _FOR_ALL:
        text = f"it has JupyterHub {image.hub} inside: students get in, admins and services do not."
        return warning(name, text, image.fix if image.local else _other_tag(hub))
    if not image.current:
        return warning(name, "its recipe, or the hub, changed since it was made.", image.fix)
    if not image.hub:
        return ok(name, "it is here; no label tells its JupyterHub, so that is not checked.")
    return ok(name, f"it is here, with JupyterHub {image.hub}.")


def _absent(name: str, image: Found) -> Finding:
    if image.local:
        text = "it is not made yet, and no registry has it."
        return (fault if image.default else warning)(name, text, image.fix)
    text = "it is not here yet: whoever starts it first waits for the download."
    return warning(name, text, f"opendata-hub images pull {image.name}")


def _other_tag(hub: str) -> str:
    return f"name an image with JupyterHub {_major(hub)} in the catalogue"


def _major(number: str) -> int:
    major = number.partition(".")[0]
    return int(major) if major.isdecimal() else 0
