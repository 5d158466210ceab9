"""One image after the other: what became of each, for people or for scripts."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click

from opendata_hub.catalogue import Image
from opendata_hub.errors import OpenDataError


@dataclass(frozen=True)
class Outcome:
    """What became of one image: a sentence for people, facts for scripts."""

    sentence: str
    facts: dict[str, Any]


def each(images: Iterable[Image], do: Callable[[Image], Outcome], as_json: bool) -> bool:
    """
    Do it for each image; one that fails says why at once, on stderr, and stops no other.

    With ``as_json`` standard output gets nothing but a list, with ``error`` for each image.

    Returns:
        bool: whether all went well.
    """
    results = []
    for image in images:
        facts: dict[str, Any] = {"slug": image.slug, "image": image.image, "error": None}
        try:
            outcome = do(image)
        except OpenDataError as error:
            click.echo(f"{image.slug}: {error}", err=True)
            facts["error"] = str(error)
        else:
            facts.update(outcome.facts)
            if not as_json:
                click.echo(f"{image.slug}: {outcome.sentence}")
        results.append(facts)
    if as_json:
        click.echo(json.dumps(results, indent=2))
    return not any(facts["error"] for facts in results)


def end(well: bool) -> None:
    """
    End the command.

    Raises:
        SystemExit: with code 1, where something failed.
    """
    if not well:
        raise SystemExit(1)
