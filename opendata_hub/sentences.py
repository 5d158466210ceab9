"""The sentence for a value that does not fit its place in a file."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails


def nearest(word: str, known: Iterable[str]) -> str:
    """Say ``Did you mean 'x'?`` with a leading space, or nothing where no known name is near."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


HIDDEN = "hidden"
"""Type of a fault whose value is not shown."""

_WANTED = {
    "string_type": "write a text, in quotes where it looks like a number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "finite_number": "write a finite number",
    "list_type": "write a list",
    "tuple_type": "write a list",
    "dict_type": "write keys and values",
    "model_type": "write keys and values",
    "path_type": "write a path",
    "greater_than": "write a number above {gt:g}",
    "greater_than_equal": "write {ge:g} or more",
    "string_too_short": "write something",
    "too_short": "write at least {min_length} of them",
}


def sentences(model: type[BaseModel], faults: Iterable[ErrorDetails]) -> list[str]:
    """
    Say what is wrong with each value: key, value, what is allowed, the nearest known name.

    Args:
        model: what the whole file was checked against.
        faults: what its validation found.
    """
    said = [_sentence(model, fault) for fault in faults if not _is_echo(fault)]
    return list(dict.fromkeys(said))


def _is_echo(fault: ErrorDetails) -> bool:
    """Whether a list only seems too short, because its entries have faults of their own."""
    return fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"]


def _sentence(model: type[BaseModel], fault: ErrorDetails) -> str:
    location, kind, value = fault["loc"], fault["type"], fault["input"]
    key = _key(location)
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown(model, location)
    if kind == "missing":
        return f"{key} is missing; add it."
    if location[-1:] == ("[key]",):
        return f"{_key_named(location[:-1])} cannot be a name; {_wanted(fault)}."
    if kind == HIDDEN:
        return f"{key} has a value that cannot be used; {fault['ctx']['rule']}."
    if kind == "value_error" and isinstance(value, dict | list | tuple):
        return f"{key}: {_wanted(fault)}." if location else f"{_wanted(fault)}."
    return f"{key} is {_shown(value)}; {_wanted(fault)}."


def _unknown(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    known = _known_keys(model.model_json_schema(), location[:-1])
    near = nearest(str(location[-1]), known)
    return f"{_key_named(location)} is not a known key; known here: {', '.join(known)}.{near}"


def _wanted(fault: ErrorDetails) -> str:
    context = fault.get("ctx", {})
    if fault["type"] == "value_error":
        return str(context["error"])
    if fault["type"] == "literal_error":
        return f"write {context['expected']}"
    if fault["type"] in _WANTED:
        return _WANTED[fault["type"]].format(**context)
    return re.sub(r"^.*? should", "it should", fault["msg"])


def _shown(value: object) -> str:
    """Write a value as people wrote it, as far as that is short."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= 80 else text[:79] + "…"


def _key(location: tuple[int | str, ...]) -> str:
    """``("images", 2, "memory")`` -> ``images[2].memory``."""
    key = ""
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}"
    return key.lstrip(".") or "the file"


def _key_named(location: tuple[int | str, ...]) -> str:
    """``("groups", 2024)`` -> ``groups.2024``: the last part is a key, also if it is a number."""
    return _key((*location[:-1], str(location[-1])))


def _known_keys(schema: dict[str, Any], location: tuple[int | str, ...]) -> list[str]:
    """Property names that the JSON schema allows at ``location``."""
    node = schema
    for part in location:
        node = _resolved(schema, node.get("properties", {}).get(part) or _value_of(node))
    return list(node.get("properties", {}))


def _value_of(node: dict[str, Any]) -> dict[str, Any]:
    """Schema of the entries of a list, or of the values under free names."""
    patterns = list(node.get("patternProperties", {}).values())
    found: dict[str, Any] = node.get("items") or node.get("additionalProperties") or {}
    return patterns[0] if patterns else found


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and of alternatives take the one that has keys."""
    if "anyOf" in node:
        node = next((option for option in node["anyOf"] if "$ref" in option), {})
    if "$ref" in node:
        return _resolved(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
    return node
