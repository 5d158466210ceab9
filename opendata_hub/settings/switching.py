"""hub.yaml with its homes in another place, and all else as it was written."""

import json
import os
import re
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from opendata_hub.errors import ConfigError
from opendata_hub.fields import check, read_yaml
from opendata_hub.settings.model import HubFile

_PLAIN = re.compile(r"[\w/.-]+")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # closed to others: hub.yaml may hold secrets
_COMMENT = re.compile(r"\s+#.*$")

_Wanted = dict[str, str | None]
"""Keys under ``homes`` and what shall stand there; None for no such key."""


def switched(file: Path, kind: str, path: Path | None) -> str:
    """
    Return the text of a hub.yaml with homes in this storage; comments and layout stay.

    Raises:
        ConfigError: it cannot be read, or would have a fault then.
    """
    before = read_yaml(file)
    wanted: _Wanted = {"storage": kind, "path": str(path) if path else None}
    kept = {k: v for k, v in ((before or {}).get("homes") or {}).items() if k not in wanted}
    after = {**before, "homes": {**kept, **{k: v for k, v in wanted.items() if v}}}
    check(HubFile, after, file.name)
    text = file.read_text("utf-8")
    for way in (_by_lines, _as_a_whole):
        if _parsed(new := way(text, wanted)) == after:
            return new
    raise ConfigError(
        f"{file} cannot be changed by a program; write under homes: storage: {kind}"
        + (f", path: {path}" if path else "")
    )


def write(file: Path, text: str) -> None:
    """
    Replace a file by this text, at once; owner and mode stay.

    Raises:
        ConfigError: it cannot be written; then it is as it was.
    """
    real = file.resolve()
    part = real.with_name(f"{real.name}.part")
    try:
        status = real.stat()
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, _NEW, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), status.st_mode & 0o7777)
            os.fsync(stream.fileno())
        part.replace(real)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}; mend that.") from None


def _parsed(text: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return None


def _by_lines(text: str, wanted: _Wanted) -> str:
    """Change the lines of these keys alone; what is not as most people write it may go wrong."""
    lines, content = text.splitlines(keepends=True), YAML().load(text)
    new = [f"{key}: {_value(value)}\n" for key, value in wanted.items() if value]
    if content is None or "homes" not in content:
        return f"{text.rstrip()}\n\nhomes:\n  {'  '.join(new)}".lstrip()
    homes, head = content["homes"], content.lc.key("homes")[0]
    indent = " " * (homes.lc.key(next(iter(homes)))[1] if homes else 2)
    for key in [key for key in wanted if homes and key in homes]:
        lines[homes.lc.key(key)[0]] = _line(lines[homes.lc.key(key)[0]], indent, key, wanted)
        new = [line for line in new if not line.startswith(f"{key}:")]
    lines[head + 1 : head + 1] = [indent + line for line in new]
    return "".join(lines)


def _line(line: str, indent: str, key: str, wanted: _Wanted) -> str:
    value, comment = wanted[key], _COMMENT.search(line.rstrip())
    return f"{indent}{key}: {_value(value)}{comment[0] if comment else ''}\n" if value else ""


def _value(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _as_a_whole(text: str, wanted: _Wanted) -> str:
    """Write all of it anew, comments included; spaces and indents may change."""
    yaml, stream = YAML(), StringIO()
    yaml.preserve_quotes, yaml.width = True, 10**4
    content = yaml.load(text)
    homes = content.setdefault("homes", CommentedMap())
    for key, value in wanted.items():
        if value:
            homes[key] = value
        else:
            homes.pop(key, None)
    yaml.dump(content, stream)
    return stream.getvalue()
