"""What hub.yaml says of files."""

import hashlib
import zlib
from typing import Any


def sha256(content: bytes) -> str:
    """The sum as hub.yaml has it."""
    return hashlib.sha256(content).hexdigest()


def adler32(content: bytes) -> str:
    """The sum as hub.yaml has it."""
    return f"{zlib.adler32(content):08x}"


def file(url: str, content: bytes, **more: Any) -> dict[str, Any]:
    """An entry of ``files``."""
    return {"url": url, "sha256": sha256(content), **more}
