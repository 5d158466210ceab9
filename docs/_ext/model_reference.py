"""
The directive ``model``: a checked file's keys, from the JSON schema of its pydantic model.

``{model} setting opendata_hub.settings.HubFile`` writes one entry of the object type ``setting``
per key, with kind, default and description.
"""

import importlib
import json
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

Schema = dict[str, Any]


class Keys(SphinxDirective):
    """Arguments: object type, and the model's dotted path."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Write the entries as MyST, and let Sphinx read them."""
        objtype, path = self.arguments
        module, _, name = path.rpartition(".")
        model = getattr(importlib.import_module(module), name)
        schema = model.model_json_schema()
        entries = [entry(objtype, key, node, need) for key, node, need in keys(schema, schema)]
        return self.parse_text_to_nodes("\n\n".join(entries))


def keys(schema: Schema, node: Schema, prefix: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """
    Yield every key below ``node``: dotted name, its schema, and whether it must be written.

    Keys that people name themselves, such as a dataset's, are written ``<name>``.
    """
    for name, child in node.get("properties", {}).items():
        whole = _resolve(schema, child)
        yield prefix + name, whole, name in node.get("required", ())
        for option in (whole, *(one for one in whole.get("anyOf", ()) if "$ref" in one)):
            yield from keys(schema, _resolve(schema, option), f"{prefix}{name}.")
    if "$ref" in node.get("items", {}):
        yield from keys(schema, _resolve(schema, node["items"]), prefix)
    for child in (*node.get("patternProperties", {}).values(), node.get("additionalProperties")):
        for option in child.get("anyOf", [child]) if isinstance(child, dict) else ():
            yield from keys(schema, _resolve(schema, option), f"{prefix}<name>.")


def _resolve(schema: Schema, node: Schema) -> Schema:
    if "$ref" not in node:
        return node
    return {**schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], **node}


def entry(objtype: str, key: str, node: Schema, needed: bool) -> str:
    """Write one key: what it takes, its default, and what it is for."""
    facts = "; ".join(filter(None, (kind(node), "needed" if needed else _default(node))))
    return f"::::{{{objtype}}} {key}\n*{facts}*\n\n{node.get('description', '')}\n::::"


def kind(node: Schema) -> str:
    """Say in words what a schema lets through."""
    if "anyOf" in node:
        options = [kind(option) for option in node["anyOf"] if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(options))
    if "properties" in node or "$ref" in node:
        return "keys and values"
    if node.get("type") == "array":
        return f"list of {_many(node.get('items', {}))}"
    if node.get("type") == "object":
        return "names and values"
    return _scalar(node)


def _scalar(node: Schema) -> str:
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    words = {"integer": "whole number", "boolean": "true or false"}
    word = words.get(node["type"], node["type"].replace("string", node.get("format", "text")))
    if "examples" in node:
        word += f" such as `{node['examples'][0]}`"
    if "minimum" in node:
        word += f", at least {node['minimum']}"
    if "exclusiveMinimum" in node:
        word += f", above {node['exclusiveMinimum']}"
    return word


def _many(items: Schema) -> str:
    return "entries" if "$ref" in items else f"{kind(items)}s"


def _default(node: Schema) -> str:
    default = node.get("default")
    if default in (None, [], {}, ""):
        return ""
    return f"default `{default if isinstance(default, str) else json.dumps(default)}`"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, and the object types that it fills."""
    app.add_object_type("setting", "setting", "pair: %s; setting in hub.yaml", objname="setting")
    app.add_object_type("entry", "entry", "pair: %s; key of an image", objname="key of an image")
    app.add_directive("model", Keys)
    return {"parallel_read_safe": True}
