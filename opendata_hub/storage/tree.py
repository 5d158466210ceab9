"""
What btrfs has written in its trees, asked of the kernel itself, which takes microseconds.

The program ``btrfs`` prints the same with the names that users have given, line breaks included:
who wants to mislead the hub by a name writes a second line.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opendata_hub.errors import StorageError

_INFO = 0x81F8943C  # BTRFS_IOC_GET_SUBVOL_INFO
_SEARCH = 0xD0009411  # BTRFS_IOC_TREE_SEARCH
_LIMIT = 0x8030942B  # BTRFS_IOC_QGROUP_LIMIT

_KEY = struct.Struct("=7Q4I32x")  # tree, objects, offsets, transactions, kinds, count
_HEAD = struct.Struct("=3Q2I")  # of each item: transaction, object, offset, kind, length
_BUFFER = 4096
_LAST = 2**64 - 1
_NO_LIMIT = 2**64 - 1
_ROOTS, _QUOTAS = 1, 8  # trees
_BELOW, _COUNTED, _LIMITED = 156, 242, 244  # kinds of items


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """
    Open a folder on btrfs.

    Raises:
        StorageError: it cannot be, or something that was asked of it.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield number
        finally:
            os.close(number)
    except OSError as error:
        way = "" if os.geteuid() == 0 else " Homes on btrfs take a hub that runs as root."
        text = f"btrfs cannot be asked about {path}: {error.strerror}.{way}"
        raise StorageError(text) from error


def own_number(folder: int) -> int:
    """Return the number of the subvolume that an open folder is the root of."""
    return _info(folder, 0)


def generation(folder: int) -> int:
    """Return the number of the last transaction that wrote to this subvolume."""
    return _info(folder, 280)


def _info(folder: int, at: int) -> int:
    found: int = struct.unpack_from("=Q", fcntl.ioctl(folder, _INFO, bytes(504)), at)[0]
    return found


def below(folder: int, subvolume: int) -> Iterator[int]:
    """Yield the numbers of the subvolumes in one, those in those first; an open folder of it."""
    for number, _ in _items(folder, _ROOTS, subvolume, _BELOW):
        yield from below(folder, number)
        yield number


def counted(folder: int, subvolume: int) -> int | None:
    """Return the bytes that a subvolume holds; None where no quotas are switched on."""
    try:
        found = [data for _, data in _items(folder, _QUOTAS, 0, _COUNTED, subvolume)]
    except FileNotFoundError:
        return None
    return int(struct.unpack_from("=2Q", found[0])[1]) if found else 0


def limits(folder: int, subvolume: int) -> tuple[int | None, int | None]:
    """Return the limits of a subvolume, in bytes: of all it holds, and of what it alone holds."""
    for _, data in _items(folder, _QUOTAS, 0, _LIMITED, subvolume):
        flags, *found = struct.unpack_from("=3Q", data)
        whole, alone = (
            limit if flags & bit and limit != _NO_LIMIT else None
            for bit, limit in zip((1, 2), found, strict=True)
        )
        return whole, alone
    return None, None


def limit(folder: int, subvolume: int, whole: int | None, alone: int | None) -> None:
    """Set both limits."""
    found = [_NO_LIMIT if limit is None else limit for limit in (whole, alone)]
    fcntl.ioctl(folder, _LIMIT, struct.pack("=6Q", subvolume, 3, *found, 0, 0))


def _items(
    folder: int, tree: int, thing: int, kind: int, only: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield offset and content of what a tree has of one kind; of a single offset if given."""
    first, last = (0, _LAST) if only is None else (only, only)
    while first <= last:
        buffer = bytearray(_BUFFER)
        _KEY.pack_into(buffer, 0, tree, thing, thing, first, last, 0, _LAST, kind, kind, _BUFFER, 0)
        fcntl.ioctl(folder, _SEARCH, buffer)
        found = list(_read(buffer))
        if not found:
            return
        yield from found
        first = found[-1][0] + 1


def _read(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    at = _KEY.size
    for _ in range(_KEY.unpack_from(buffer)[9]):
        _, _, offset, _, length = _HEAD.unpack_from(buffer, at)
        at += _HEAD.size
        yield offset, bytes(buffer[at : at + length])
        at += length
