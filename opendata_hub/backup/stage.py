"""A tree put together from folders that lie elsewhere, for one command to copy from or to."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from opendata_hub.errors import BackupError

P = ParamSpec("P")
T = TypeVar("T")

ROOT = Path("/run/opendata-hub")
"""Where the tree is; each stage has its own there, as nobody else sees it."""

# Of mount(2) and unshare(2); Python has no names for them.
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
_REMOUNT, _NO_SYMLINKS, _BIND, _RECURSIVE, _SLAVE = 32, 256, 4096, 16384, 1 << 19
_OWN_MOUNTS = 0x20000

_SAFE = _NO_SUID | _NO_DEVICES | _NO_PROGRAMS
_libc = ctypes.CDLL(None, use_errno=True)


class Stage:
    """
    The tree, while it is entered.

    It is mounts in a namespace of one thread: nothing but that thread and the programs it starts
    sees them, and when they end, killed or not, nothing is left. The system follows no symbolic
    link in what is placed here (Linux 5.10 and newer), so that users who swap a folder for a link
    under our hands lead nobody anywhere.

    Raises:
        BackupError: this is not root, or may not mount.
    """

    root = ROOT

    def __enter__(self) -> "Stage":
        if os.geteuid():
            raise BackupError("Homes are read and written as root; run this with sudo.")
        self._lane = ThreadPoolExecutor(1, "backup-stage")
        try:
            self.run(_separate)
        except OSError as error:
            self._lane.shutdown()
            raise BackupError(
                f"This process may not mount ({error.strerror}); run it on the machine itself, not "
                "in a container."
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lane.shutdown()

    def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call where the tree is seen, and wait for the result."""
        return self._lane.submit(call, *args, **kwargs).result()

    def place(self, source: Path, name: str, writable: bool = False) -> Path:
        """
        Show a folder or a file in the tree, read-only unless it shall be written to.

        Args:
            name: path in the tree; the folders on the way are made. What is there is covered.

        Raises:
            BackupError: there is no such folder, or it cannot be mounted.
        """
        try:
            return self.run(_place, source, self.root / name, writable)
        except OSError as error:
            raise BackupError(f"{source} cannot be reached: {error.strerror}.") from None

    def write(self, name: str, content: bytes) -> None:
        """Put a file of its own into the tree."""
        self.run((self.root / name).write_bytes, content)


def _separate() -> None:
    _checked(_libc.unshare(_OWN_MOUNTS))
    _mount(None, Path("/"), _RECURSIVE | _SLAVE)  # what others mount and unmount is seen, no more
    ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    _mount(b"tmpfs", ROOT, _SAFE, b"tmpfs", b"mode=700")


def _place(source: Path, target: Path, writable: bool) -> Path:
    if not target.exists():
        (target if source.is_dir() else target.parent).mkdir(parents=True, exist_ok=True)
        if not source.is_dir():
            target.touch()
    _mount(os.fsencode(source), target, _BIND)
    only_read = 0 if writable else _READ_ONLY
    _mount(None, target, _REMOUNT | _BIND | _SAFE | _NO_SYMLINKS | only_read)
    return target


def _mount(
    source: bytes | None,
    target: Path,
    flags: int,
    kind: bytes | None = None,
    options: bytes | None = None,
) -> None:
    _checked(_libc.mount(source, os.fsencode(target), kind, flags, options))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
