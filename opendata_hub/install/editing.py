"""hub.yaml with some values changed, and all else as it was written."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from opendata_hub.errors import ConfigError


class Change(NamedTuple):
    """A key, as the names on the way to it, and its new value; None takes the key away."""

    keys: tuple[str, ...]
    value: str | None


def edited(text: str, changes: Sequence[Change]) -> str:
    """
    Return the text with these changes.

    Raises:
        ConfigError: it is not written as a program can change it; the text says what to write.
    """
    for change in changes:
        wanted = _parsed(text)
        _apply(wanted, change)
        text = _first(text, change, wanted)
    return text


def _first(text: str, change: Change, wanted: Any) -> str:
    for way in (_in_its_line, _as_a_whole):
        try:
            found = way(text, change)
            if _parsed(found) == wanted:
                return found
        except (YAMLError, LookupError, AttributeError, TypeError):
            continue  # not as most people write it
    key = ".".join(change.keys)
    what = f"write {key}: {change.value}" if change.value else f"take {key} out"
    raise ConfigError(
        f"This hub.yaml is written so that no program can change it; {what} in it, and try again."
    )


def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text) or {}


def _apply(content: Any, change: Change) -> None:
    *way, last = change.keys
    for key in way:
        if content.get(key) is None:
            content[key] = CommentedMap() if isinstance(content, CommentedMap) else {}
        content = content[key]
    if change.value is None:
        content.pop(last, None)
    else:
        content[last] = change.value


def _in_its_line(text: str, change: Change) -> str:
    """Change the line of the key, or put one under that of the key above it."""
    lines, content = text.splitlines(keepends=True), YAML().load(text)
    *way, last = change.keys
    above = -1
    for key in way:
        above, content = content.lc.key(key)[0], content[key]
    if content is not None and last in content:
        number = content.lc.key(last)[0]
        lines[number] = _rewritten(lines[number], last, change.value)
    else:
        lines.insert(above + 1, f"{'  ' * len(way)}{last}: {change.value}\n")
    return "".join(lines)


def _rewritten(line: str, key: str, value: str | None) -> str:
    if value is None:
        return f"# {line}"
    found = re.fullmatch(rf"(.*?\b{re.escape(key)}\s*:).*?(\s+#.*)?(\n?)", line)
    return f"{found[1]} {value}{found[2] or ''}{found[3]}" if found else line


def _as_a_whole(text: str, change: Change) -> str:
    """Write all of it anew, comments included; spaces and indents may change."""
    yaml, stream = YAML(), StringIO()
    yaml.preserve_quotes, yaml.width = True, 10**4
    content = yaml.load(text) or CommentedMap()
    _apply(content, change)
    yaml.dump(content, stream)
    return stream.getvalue()
