"""hub.yaml with a class more or less, and all else as it was written."""

import re
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from opendata_hub.errors import ConfigError
from opendata_hub.fields import check, read_yaml
from opendata_hub.settings.model import HubFile

Entry = dict[str, Any]
"""A class as hub.yaml has it: texts, and lists of texts."""


def added(file: Path, entry: Entry) -> str:
    """
    Return the text of a hub.yaml with this class after all others; there need not be a file.

    Raises:
        ConfigError: it cannot be read, or changed by a program.
    """
    before = read_yaml(file) if file.exists() else {}
    after = {**before, "classes": [*(before.get("classes") or ()), entry]}
    text = file.read_text("utf-8") if file.exists() else ""
    ways = (lambda: _appended(text, entry), lambda: _as_a_whole(text, after["classes"]))
    return _first(
        ways, after, f"{file} cannot be changed by a program; write there:\n{_new(entry)}"
    )


def removed(file: Path, name: str) -> str:
    """
    Return the text of a hub.yaml without a class and its lessons.

    Raises:
        ConfigError: it cannot be read, or changed by a program.
    """
    before, text = read_yaml(file), file.read_text("utf-8")
    left = [entry for entry in before.get("classes") or () if not is_of(entry, name)]
    rest = {key: value for key, value in before.items() if key != "classes"}
    after = {**rest, "classes": left} if left else rest
    ways = (lambda: _cut(text, name, bool(left)), lambda: _as_a_whole(text, left))
    return _first(
        ways, after, f"{file} cannot be changed by a program; take {name} out of its classes."
    )


def is_of(entry: Entry, name: str) -> bool:
    """Whether an entry is a class of this name, or a lesson of it."""
    return str(entry.get("group") or entry.get("name")) == name


def _first(ways: Sequence[Callable[[], str]], after: Any, fault: str) -> str:
    """Return the first text that says what it shall."""
    check(HubFile, after, "hub.yaml")
    for way in ways:
        try:
            text = way()
            if YAML(typ="safe", pure=True).load(text) == after:
                return text
        except (YAMLError, LookupError, AttributeError, TypeError):
            continue  # not as most people write it
    raise ConfigError(fault)


def _appended(text: str, entry: Entry) -> str:
    """Put lines behind the last class, or a section behind all."""
    lines, content = text.splitlines(keepends=True), YAML().load(text)
    if not (content and content.get("classes")):
        return f"{text.rstrip()}\n\nclasses:\n{_lines(entry, '  ')}".lstrip()
    classes = content["classes"]
    last = _end(lines, content, classes)
    if not lines[last - 1].endswith("\n"):
        lines[last - 1] += "\n"
    indent = re.match(" *(?=-)", lines[classes.lc.item(0)[0]])
    lines[last:last] = [_lines(entry, indent[0] if indent else " " * (classes.lc.item(0)[1] - 2))]
    return "".join(lines)


def _cut(text: str, name: str, any_left: bool) -> str:
    lines, content = text.splitlines(keepends=True), YAML().load(text)
    classes = content["classes"]
    starts = [classes.lc.item(number)[0] for number in range(len(classes))]
    ends = [*starts[1:], _end(lines, content, classes)]
    for entry, start, end in reversed(list(zip(classes, starts, ends, strict=True))):
        if is_of(entry, name):
            del lines[start:end]
    if not any_left:
        del lines[content.lc.key("classes")[0]]
    return "".join(lines)


def _end(lines: Sequence[str], content: CommentedMap, classes: Any) -> int:
    """Return the number of the line behind the last class; comments after it are not its own."""
    first = classes.lc.item(0)[0]
    keys = [content.lc.key(key)[0] for key in content]
    end = min((line for line in keys if line > first), default=len(lines))
    while end > first + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _lines(entry: Entry, indent: str) -> str:
    short = {
        key: _in_line(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    written = _dumped([short]).splitlines()
    return "".join(f"{indent}{line}\n" for line in written)


def _in_line(values: list[str]) -> CommentedSeq:
    found = CommentedSeq(values)
    found.fa.set_flow_style()
    return found


def _new(entry: Entry) -> str:
    return f"classes:\n{_lines(entry, '  ')}"


def _as_a_whole(text: str, classes: list[Entry]) -> str:
    """Write all of it anew, comments included; spaces and indents may change."""
    content = _yaml().load(text) or CommentedMap()
    if classes:
        content["classes"] = classes
    else:
        del content["classes"]
    return _dumped(content)


def _dumped(content: Any) -> str:
    stream = StringIO()
    _yaml().dump(content, stream)
    return stream.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 10**4
    return yaml
