"""Names of files in a dataset, whoever has made them up: none leads out of its folder."""

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator

_RULE = (
    "write a path below the dataset's folder, such as 2016/events.root, without .. and control "
    "characters"
)
_LONGEST = 255  # bytes of a part; what file systems take
_DEEPEST = 16


def is_safe(name: str) -> bool:
    """Whether a file of this name lies below the folder that it is put into."""
    parts = name.split("/")
    return len(parts) <= _DEEPEST and all(map(_is_part, parts))


def _is_part(part: str) -> bool:
    try:
        length = len(part.encode("utf-8"))
    except UnicodeEncodeError:  # half of a character
        return False
    return part not in ("", ".", "..") and length <= _LONGEST and part.isprintable()


def _checked(name: str) -> str:
    if not is_safe(name):
        raise ValueError(_RULE)
    return name


FileName = Annotated[str, AfterValidator(_checked)]
"""A relative path with ``/``."""


def last_of(url: str) -> str:
    """Return the last part of a URL's path, as people write it; it need not be safe."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def clash(names: Iterable[str]) -> str:
    """Return a name that is there twice, or a folder of another; empty where all fit together."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
        parts = name.split("/")[:-1]
        folders |= {"/".join(parts[: end + 1]) for end in range(len(parts))}
    return next(iter(sorted(seen & folders)), "")
