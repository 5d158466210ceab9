"""What images take on disk, counted once where they share it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import docker

Pieces = Mapping[str, int]
"""Bytes of each piece of an image, under a key that it has in all images that share it."""


def pieces(image: str, size: int, history: Sequence[Mapping[str, Any]]) -> Pieces:
    """
    Return the pieces that an image is made of, as its history tells; else itself as one piece.

    Args:
        image: its id.
        size: bytes with all its layers.
        history: what the engine tells of its making, the last step first.
    """
    found: dict[str, int] = {}
    below = b""
    for step in reversed(history):
        made = f"{step['Created']} {step['CreatedBy']} {step['Comment']} {step['Size']}"
        below = hashlib.sha256(below + made.encode()).digest()
        found[below.hex()] = step["Size"]
    return found if sum(found.values()) == size else {image: size}


def together(client: docker.DockerClient, images: Iterable[str]) -> int:
    """Return the bytes of all these images, by id or reference, what they share counted once."""
    everything: dict[str, int] = {}
    for name in images:
        facts = client.api.inspect_image(name)
        everything.update(pieces(facts["Id"], facts["Size"], client.api.history(facts["Id"])))
    return sum(everything.values())
