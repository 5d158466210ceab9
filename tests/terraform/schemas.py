"""
Of the providers' schemas, what the roots use: ``schemas/ROOT.json``, which ``plugin.py`` serves.

``python -m tests.terraform.schemas`` makes them anew for the roots whose plugin ``providers.py``
has brought: of the resources in the root's files the attributes and blocks that are written there,
and those that must be. ``bindings.py`` makes them without a plugin.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.terraform import providers, roots

FOLDER = Path(__file__).parent / "schemas"
KINDS = {"resource": "resource_schemas", "data": "data_source_schemas"}
FACTS = ("type", "required", "optional", "computed", "sensitive")


def trimmed(block: dict[str, Any], words: set[str]) -> dict[str, Any]:
    """Return a block with the attributes and blocks that are among ``words``, or must be."""
    attributes = {
        name: {fact: facts[fact] for fact in FACTS if fact in facts}
        for name, facts in block.get("attributes", {}).items()
        if name in words or facts.get("required")
    }
    blocks = {
        name: facts | {"block": trimmed(facts["block"], words)}
        for name, facts in block.get("block_types", {}).items()
        if name in words or facts.get("min_items")
    }
    return {"attributes": attributes, "block_types": blocks}


def used(root: str, whole: dict[str, Any]) -> dict[str, Any]:
    """Return a provider's schema with nothing but what a root uses."""
    text = roots.text(root)
    words = set(re.findall(r"\w+", text))
    schema: dict[str, Any] = {"provider": {"block": trimmed(whole["provider"]["block"], words)}}
    for word, kind in KINDS.items():
        blocks = {name: whole[kind][name]["block"] for name in types(root, word)}
        schema[kind] = {name: {"block": trimmed(block, words)} for name, block in blocks.items()}
    return schema


def types(root: str, word: str) -> list[str]:
    """Return the types of the resources (``resource``) or data sources (``data``) of a root."""
    found = re.findall(rf'^{word} "(\w+)"', roots.text(root), re.MULTILINE)
    return sorted(set(found) - {"terraform_data"})


def write(root: str, version: str, source: str, whole: dict[str, Any]) -> Path:
    """Write a root's file: provider, version, where the schema was read, and the schema."""
    head = {"address": roots.provider(root), "version": version, "from": source}
    file = FOLDER / f"{root}.json"
    file.write_text(json.dumps(head | used(root, whole), indent=1, sort_keys=True) + "\n")
    return file


def of_plugin(root: str) -> tuple[str, dict[str, Any]]:
    """Return the version and the whole schema that a root's real plugin tells."""
    with tempfile.TemporaryDirectory() as folder:
        cwd = roots.copied(Path(folder)) / root
        plugins = roots.mirror(cwd, providers.CACHE)
        roots.terraform("init", "-input=false", cwd=cwd, plugins=plugins).check_returncode()
        told = roots.terraform("providers", "schema", "-json", cwd=cwd, plugins=plugins)
        version = roots.terraform("version", "-json", cwd=cwd, plugins=plugins)
    address = roots.provider(root)
    schemas = json.loads(told.stdout)["provider_schemas"]
    return json.loads(version.stdout)["provider_selections"][address], schemas[address]


def renew() -> Iterator[Path]:
    """Write the files of the roots whose plugin is there."""
    for root in providers.there():
        version, whole = of_plugin(root)
        yield write(root, version, "the plugin itself: terraform providers schema -json", whole)


if __name__ == "__main__":
    for file in renew():
        print(file)
