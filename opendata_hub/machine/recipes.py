"""Recipe folders -> images: each built after the one it stands on, and only when it changed."""

import hashlib
import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound
from docker.models.images import Image
from docker.utils import exclude_paths

from opendata_hub.errors import MachineError
from opendata_hub.homes import LABEL
from opendata_hub.machine import Say, debian, pulling
from opendata_hub.machine.access import DIRECT, Access
from opendata_hub.registries import host_of

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)", re.MULTILINE | re.IGNORECASE)
_OURS = re.compile(r"opendata-hub/([a-z0-9-]+)(?::([\w.-]+))?")
_HUB = re.compile(r"^ARG\s+JUPYTERHUB_VERSION", re.MULTILINE | re.IGNORECASE)
RECIPE = f"{LABEL}.recipe"


def build(
    client: docker.DockerClient, recipe: Path, tag: str, say: Say, access: Access = DIRECT
) -> str:
    """
    Build an image from its recipe folder, unless it was built from just this recipe before.

    ``FROM opendata-hub/<name>`` means the recipe in the folder ``<name>`` beside this one, else the
    image of that name on the engine, and ``FROM opendata-hub/debian:<suite>`` the base that
    :mod:`~opendata_hub.machine.debian` makes. An image of a registry that asks for a login is
    pulled before.

    Returns:
        str: id of the image.

    Raises:
        MachineError: a recipe is missing or a build failed; the text has its last lines.
    """
    dockerfile = _dockerfile(recipe)
    parents = _parents(client, recipe, dockerfile, say, access)
    arguments = _arguments(dockerfile)
    mark = fingerprint(recipe, *parents, *arguments.values())
    before = _find(client, tag)
    if before and before.labels.get(RECIPE) == mark:
        return str(before.id)
    say(f"Building {tag} from {recipe}")
    try:
        events = client.api.build(
            path=str(recipe),
            tag=tag,
            labels={f"{LABEL}.role": "image", RECIPE: mark},
            # The engine knows the proxy's variables by name, and leaves none in the image.
            buildargs={**arguments, **access.site.proxies()},
            # The bridge's packet size can be larger than a cloud's network lets through.
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
        )
        with closing(events):
            _follow(events, tag, say)
    except APIError as error:
        raise MachineError(f"{tag} cannot be built: {error.explanation or error}.") from None
    if before:
        _drop(client, str(before.id))
    return str(client.images.get(tag).id)


def is_current(client: docker.DockerClient, recipe: Path, tag: str) -> bool:
    """
    Whether an image is there as :func:`build` would make it now: same recipe, parents and hub.

    Raises:
        MachineError: a recipe is missing.
    """
    image = _find(client, tag)
    dockerfile = _dockerfile(recipe)
    parents = [_current_parent(client, recipe, name) for name in _FROM.findall(dockerfile)]
    known = [parent for parent in parents if parent]
    if image is None or known != parents:
        return False
    mark = fingerprint(recipe, *known, *_arguments(dockerfile).values())
    return bool(image.labels.get(RECIPE) == mark)


def _current_parent(client: docker.DockerClient, recipe: Path, name: str) -> str | None:
    """What a build would stand on for this name, or None where it would have to be made first."""
    ours = _OURS.fullmatch(name)
    if not ours:
        return name
    below = recipe.parent / ours[1]
    if _is_recipe(below) and not is_current(client, below, name):
        return None
    image = _find(client, name)
    if image is None and ours[1] != "debian":
        raise _nothing_below(recipe, name)
    return str(image.id) if image else None


def chain(recipe: Path) -> list[Path]:
    """
    Return the recipe folders that an image is made of: the lowest first, this one last.

    The image under a recipe has its own in the folder beside, or none that is known here.

    Raises:
        MachineError: a recipe is missing.
    """
    names = (_OURS.fullmatch(name) for name in _FROM.findall(_dockerfile(recipe)))
    parents = [recipe.parent / ours[1] for ours in names if ours]
    below = [folder for parent in parents if _is_recipe(parent) for folder in chain(parent)]
    return [*dict.fromkeys(below), recipe]


def foundations(recipe: Path) -> list[str]:
    """
    Return the names of our images that a recipe stands on: its own parents first.

    Raises:
        MachineError: a recipe is missing.
    """
    names = [name for name in _FROM.findall(_dockerfile(recipe)) if _OURS.fullmatch(name)]
    folders = [recipe.parent / name.split("/")[1].split(":")[0] for name in names]
    below = [name for folder in folders if _is_recipe(folder) for name in foundations(folder)]
    return [*dict.fromkeys((*names, *below))]


def fingerprint(recipe: Path, *more: str) -> str:
    """
    SHA-256 over the files of a recipe (names, contents) and whatever else decides the image.

    What ``.dockerignore`` leaves out decides nothing.
    """
    digest = hashlib.sha256("\0".join(more).encode())
    for name in sorted(exclude_paths(str(recipe), _ignored(recipe))):
        if (recipe / name).is_file():
            content = hashlib.sha256((recipe / name).read_bytes()).digest()
            digest.update(b"\0".join((name.encode(), content)))
    return digest.hexdigest()


def _ignored(recipe: Path) -> list[str]:
    file = recipe / ".dockerignore"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _arguments(dockerfile: str) -> dict[str, str]:
    return {"JUPYTERHUB_VERSION": version("jupyterhub")} if _HUB.search(dockerfile) else {}


def _dockerfile(recipe: Path) -> str:
    try:
        return (recipe / "Dockerfile").read_text("utf-8")
    except OSError as error:
        raise MachineError(f"{recipe / 'Dockerfile'} cannot be read: {error.strerror}.") from None


def _parents(
    client: docker.DockerClient, recipe: Path, dockerfile: str, say: Say, access: Access
) -> Iterator[str]:
    """Yield what the recipe stands on: ids of ours, made if need be; names of the others."""
    names = _FROM.findall(dockerfile)
    if not names:
        raise MachineError(f"{recipe / 'Dockerfile'} has no FROM line; name the image it adds to.")
    for name in names:
        ours = _OURS.fullmatch(name)
        if not ours:
            _have_private(client, name, say, access)
            yield name
        elif ours[1] == "debian":
            yield debian.ensure(client, ours[2] or "latest", say, access)
        elif _is_recipe(recipe.parent / ours[1]):
            yield build(client, recipe.parent / ours[1], name, say, access)
        elif image := _find(client, name):
            yield str(image.id)
        else:
            raise _nothing_below(recipe, name)


def _have_private(client: docker.DockerClient, name: str, say: Say, access: Access) -> None:
    """Pull what a build has no login for; a stage's name has no slash, a variable is not known."""
    private = "/" in name and "$" not in name and host_of(name) in access.logins
    if private and _find(client, name) is None:
        pulling.fetch(client, name, access, say)


def _nothing_below(recipe: Path, name: str) -> MachineError:
    missing = recipe.parent / name.split("/")[1].split(":")[0] / "Dockerfile"
    return MachineError(
        f"{recipe / 'Dockerfile'} stands on {name}, but there is no {missing}; "
        "add it, or name an image that is here or in a registry."
    )


def _is_recipe(folder: Path) -> bool:
    return (folder / "Dockerfile").is_file()


def _find(client: docker.DockerClient, tag: str) -> Image | None:
    try:
        return client.images.get(tag)
    except ImageNotFound:
        return None


def _drop(client: docker.DockerClient, image: str) -> None:
    """Remove what the tag meant before: versions would fill the disk. One in use stays."""
    with suppress(APIError):
        client.images.remove(image)


def _follow(events: Iterator[dict[str, Any]], tag: str, say: Say) -> None:
    """Pass on a build's steps; raise the error that the engine writes into a stream that is 200."""
    last: deque[str] = deque(maxlen=12)
    for event in events:
        line = event.get("stream", event.get("status", "")).strip()
        if line:
            last.append(line)
            say(f"  {line.splitlines()[0]}")
        if "error" in event:
            raise MachineError(
                f"{tag} cannot be built: {event['error'].strip()}. The last lines were:\n"
                + "\n".join(last)
            )
