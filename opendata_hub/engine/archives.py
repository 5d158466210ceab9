"""Small files on their way into a container."""

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path


def archive(files: Mapping[str, bytes], uid: int, gid: int, folder: str | None = None) -> bytes:
    """
    Make a tar archive of small files, all owned by one user.

    Args:
        files: relative path -> content; folders on the way are made.
        folder: one that goes around them all, and is handed to the same user where it exists.
    """
    top = Path(folder or "")
    inner = {parent for name in files for parent in (top / name).parents} | {top}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(inner - {Path()}):
            tar.addfile(_entry(path, uid, gid, tarfile.DIRTYPE))
        for name, content in files.items():
            tar.addfile(_entry(top / name, uid, gid, size=len(content)), io.BytesIO(content))
    return buffer.getvalue()


def _entry(
    path: Path, uid: int, gid: int, kind: bytes = tarfile.REGTYPE, size: int = 0
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(str(path))
    entry.uid, entry.gid, entry.type, entry.size = uid, gid, kind, size
    entry.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    entry.mtime = int(time.time())
    return entry
