"""Paths in a home as they stand in addresses and forms, whatever bytes they are made of."""

import os
from urllib.parse import quote, unquote_to_bytes

from opendata_hub.services.homes.hands import Names


def write(names: Names) -> str:
    """Write a path so that :func:`read` gives it back."""
    return "/".join(quote(os.fsencode(name), safe="") for name in names)


def read(text: str) -> Names:
    """
    Read what :func:`write` has written; nothing is the home itself.

    Whether it leads into the home is not checked here, but where it is used.
    """
    return tuple(os.fsdecode(unquote_to_bytes(name)) for name in text.split("/")) if text else ()


def show(names: Names) -> str:
    """Write a path for people: what is no text has its bytes in it."""
    return "/".join(names).encode("utf-8", "backslashreplace").decode()
