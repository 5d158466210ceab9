"""Prove an image: what its recipe and those below it promise is tried inside it."""

from collections.abc import Mapping
from pathlib import Path

import docker
from docker.errors import APIError
from docker.models.containers import Container

from opendata_hub.errors import MachineError
from opendata_hub.homes import GID, HOME, LABEL, UID
from opendata_hub.machine import Say, recipes

PROGRAM = "verify"
"""Name of the executable in a recipe's folder that proves its image."""

_INSIDE = "/recipe"
_DATA = "/data"
_LAST_LINES = 20


def verify(
    client: docker.DockerClient,
    image: str,
    recipe: Path,
    say: Say,
    data: Mapping[str, Path] | None = None,
    memory: int | None = None,
) -> list[str]:
    """
    Run the ``verify`` of each recipe that an image is made of, the lowest first, inside it.

    Each runs as a student would: uid 1000 without capabilities, an empty home, no network. Its
    recipe's folder is at ``/recipe``, data at ``/data/<name>``; both can only be read. The engine
    must be on this machine.

    Args:
        data: folders of this machine by name.
        memory: limit in bytes; None for all that the machine has.

    Returns:
        list[str]: the last line that each of them printed to its standard output.

    Raises:
        MachineError: one failed, with its last lines; a recipe has none; the image is not there.
    """
    if not (recipe / PROGRAM).is_file():
        raise MachineError(
            f"{recipe} has no file {PROGRAM}; add one, executable, that fails where the image does."
        )
    proofs = [folder for folder in recipes.chain(recipe) if (folder / PROGRAM).is_file()]
    return [_prove(client, image, folder, say, data or {}, memory) for folder in proofs]


def _prove(
    client: docker.DockerClient,
    image: str,
    recipe: Path,
    say: Say,
    data: Mapping[str, Path],
    memory: int | None,
) -> str:
    say(f"Trying {image}: {recipe.name}/{PROGRAM}")
    folders = {_INSIDE: recipe, **{f"{_DATA}/{name}": path for name, path in data.items()}}
    container = None
    try:
        container = client.containers.create(
            image,
            [f"{_INSIDE}/{PROGRAM}"],
            labels={f"{LABEL}.role": "verify"},
            user=f"{UID}:{GID}",
            working_dir=HOME,
            environment={"HOME": HOME},
            # exec: compiled macros are loaded from where the notebook is
            tmpfs={HOME: f"uid={UID},gid={GID},exec"},
            volumes={str(p): {"bind": at, "mode": "ro"} for at, p in folders.items()},
            network_mode="none",
            mem_limit=memory,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        container.start()
        return _follow(container, image, recipe, say)
    except APIError as error:
        reason = error.explanation or error
        raise MachineError(f"{recipe / PROGRAM} cannot run in {image}: {reason}.") from None
    finally:
        if container:
            container.remove(force=True)


def _follow(container: Container, image: str, recipe: Path, say: Say) -> str:
    """Pass on what a proof prints; return its last line, or raise where it failed."""
    rest = ""
    for piece in container.logs(stream=True, follow=True):
        *lines, rest = (rest + piece.decode("utf-8", "replace")).split("\n")
        for line in filter(str.strip, lines):
            say(f"  {line.strip()}")
    code = container.wait()["StatusCode"]
    # Asked again: the stream of a container that has just ended may lack its last line.
    if code:
        raise MachineError(
            f"{image} fails {recipe / PROGRAM}, with exit code {code}. The last lines were:\n"
            + "\n".join(_last_lines(container))
        )
    # Without errors' stream: the engine tells the two streams' lines in no certain order.
    return next(reversed(_last_lines(container, stderr=False)), "")


def _last_lines(container: Container, **streams: bool) -> list[str]:
    printed: str = container.logs(tail=_LAST_LINES, **streams).decode("utf-8", "replace")
    return [line.rstrip() for line in printed.split("\n") if line.strip()]
