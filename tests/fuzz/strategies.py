"""What comes in: nonsense of every kind, and what is right with a little of it changed."""

import json
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

ODD = st.sampled_from(
    ["", " ", "\0", "\ufeff", "\u202e", "İ", "ß", "é", "🐍", "NaN", "1e999", "-1", "0", "null",
     "0001-01-01", "9999-12-31T23:59:59", "2026-13-45", "../..", "%00", "${x}", "{{x}}", "*a",
     "&a [*a]", "<<: *a", "!!python/object:os.system", "9" * 5000, "a" * 5000, "=", "[", "{",
     "sha256:" + "0" * 64, "::1", "[::1", "http://[", "1_0", "0x10", "1:2:3", "~", "true"]
)  # fmt: skip
"""Texts that parsers stumble over."""

texts = st.text(max_size=40) | ODD
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
"""All that JSON can hold, and a little more."""


def changed(example: Any) -> st.SearchStrategy[Any]:
    """Return the example with one to three of its values or keys made into something else."""
    places = list(_places(example))

    @st.composite
    def change(draw: st.DrawFn) -> Any:
        copy = json.loads(json.dumps(example))
        for place in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
            _put(copy, place, draw)
        return copy

    return change()


def _places(value: Any, way: tuple[Any, ...] = ()) -> Any:
    """Yield the ways to all values within a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*way, key)
        if isinstance(one, dict | list):
            yield from _places(one, (*way, key))


def _put(value: Any, way: tuple[Any, ...], draw: st.DrawFn) -> None:
    *before, last = way
    try:
        for key in before:
            value = value[key]
        if isinstance(value, dict) and draw(st.booleans()):
            value[draw(texts)] = value.pop(last)
        value[last] = draw(values)
    except (LookupError, TypeError):
        return  # an earlier change has taken it away


def mangled(content: bytes) -> st.SearchStrategy[bytes]:
    """Return the bytes with some cut out, put in, turned round or doubled."""
    pieces = st.binary(max_size=8) | ODD.map(str.encode)
    step = st.tuples(st.integers(0, len(content)), st.integers(0, 20), pieces)
    return st.lists(step, min_size=1, max_size=4).map(lambda steps: _mangle(content, steps))


def _mangle(content: bytes, steps: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, piece in steps:
        content = content[:at] + piece + content[at + length :]
    return content


def yaml_of(data: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Return the values as YAML, which JSON is."""
    return data.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))


def like(text: str) -> st.SearchStrategy[bytes]:
    """Return nonsense, and a file of YAML with a little changed: in its values and in its bytes."""
    example = YAML(typ="safe", pure=True).load(text)
    data = changed(example) | values
    return mangled(text.encode()) | yaml_of(data) | st.binary(max_size=200)


def json_like(example: Any) -> st.SearchStrategy[bytes]:
    """Return nonsense, and a file of JSON with a little changed."""
    content = json.dumps(example).encode()
    deep = st.sampled_from([b"[" * 5000, b'{"a":' * 5000])
    return mangled(content) | yaml_of(changed(example) | values) | st.binary(max_size=100) | deep
