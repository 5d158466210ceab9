"""
Looks at a home and deletes in it, as its owner would.

Run by its path, with the home's folder open; it takes nothing of this package, so that it is there
at once. Whoever owns the home may change things under its hands: it goes from folder to folder by
what it has open, follows no symbolic link, and has given up root's rights before it looks.
"""

import heapq
import json
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DEEPEST = 200  # folders in folders, each of which is a file that is open
SHOWN, LARGEST = 200, 10


def main() -> None:
    """
    Answer one question: ``look`` or ``remove``, and the number of the open folder.

    What to look at, or to remove, is JSON on the standard input; the answer is JSON, too.
    """
    verb, home = sys.argv[1], int(sys.argv[2])
    give_up_rights(home)
    question = json.load(sys.stdin)
    try:
        answer = look(home, question) if verb == "look" else remove(home, question)
    except (OSError, ValueError) as error:
        raise SystemExit(f"There is no such folder ({why(error)}).") from None
    json.dump(answer, sys.stdout)


def give_up_rights(home: int) -> None:
    """Have no more rights than the owner of the home; one that is root's is not furnished yet."""
    if os.geteuid() != 0:
        return
    owner = os.fstat(home)
    if owner.st_uid == 0:
        raise SystemExit("This home has not been handed to its owner yet.")
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def look(home: int, path: Sequence[str]) -> dict[str, Any]:
    """
    Tell what takes the room in a folder.

    Args:
        path: names of folders, one in the other; none for the home itself.

    Returns:
        dict: the ``total`` of bytes; ``entries`` with ``name``, ``size`` in bytes, ``files`` and
        whether it is a ``folder``, and how many ``more`` there are; and the ``largest`` files in
        it with ``path`` and ``size``. All largest first; folders without files are left out.

    Raises:
        OSError: there is no such folder.
    """
    sizes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    folders: set[str] = set()
    largest: list[tuple[int, tuple[str, ...]]] = []
    folder = descend(home, path)
    for names, size, is_folder in walk(folder, (), set()):
        sizes[names[0]] += size
        files[names[0]] += not is_folder
        if is_folder or len(names) > 1:
            folders.add(names[0])
        if not is_folder:
            keep_largest(largest, (size, (*path, *names)))
    entries = [
        {"name": name, "size": size, "files": files[name], "folder": name in folders}
        for name, size in sizes.most_common()
        if size and files[name]
    ]
    found = [{"path": names, "size": size} for size, names in sorted(largest, reverse=True)]
    return {
        "total": sum(sizes.values()),
        "entries": entries[:SHOWN],
        "more": max(0, len(entries) - SHOWN),
        "largest": [one for one in found if one["size"]],
    }


def keep_largest(
    largest: list[tuple[int, tuple[str, ...]]], one: tuple[int, tuple[str, ...]]
) -> None:
    """Keep the largest few."""
    if len(largest) < LARGEST:
        heapq.heappush(largest, one)
    else:
        heapq.heappushpop(largest, one)


def walk(
    folder: int, above: tuple[str, ...], seen: set[tuple[int, int]]
) -> Iterator[tuple[tuple[str, ...], int, bool]]:
    """
    Yield path, bytes on the disk and whether it is a folder, of all there is; close the folder.

    What vanishes meanwhile, and what its owner may not read, is left out. A file with two names is
    there once.
    """
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield from _walk_entry(folder, entry, above, seen)
    except OSError:
        return
    finally:
        os.close(folder)


def _walk_entry(
    folder: int, entry: os.DirEntry[str], above: tuple[str, ...], seen: set[tuple[int, int]]
) -> Iterator[tuple[tuple[str, ...], int, bool]]:
    path = (*above, entry.name)
    try:
        status = entry.stat(follow_symlinks=False)
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if (status.st_dev, status.st_ino) in seen:
                return
            seen.add((status.st_dev, status.st_ino))
        yield path, status.st_blocks * 512, stat.S_ISDIR(status.st_mode)
        if stat.S_ISDIR(status.st_mode) and len(path) < DEEPEST:
            yield from walk(os.open(entry.name, FOLDER, dir_fd=folder), path, seen)
    except OSError:
        return


def descend(home: int, path: Sequence[str]) -> int:
    """
    Open a folder of the home, step by step.

    Raises:
        OSError: there is no such folder, or a symbolic link is in its place.
        ValueError: a name is none.
    """
    folder = os.dup(home)
    for name in path:
        try:
            inner = os.open(checked(name), FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def checked(name: str) -> str:
    """Return the name of something in a folder; raise ValueError for one that leads elsewhere."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no name of a file")
    return name


def remove(home: int, paths: Sequence[Sequence[str]]) -> list[str]:
    """Delete files and folders with all in them; return what could not be deleted, and why."""
    return [fault for path in paths for fault in _remove_one(home, path)]


def _remove_one(home: int, path: Sequence[str]) -> Iterator[str]:
    shown = "/".join(path)
    try:
        *above, name = path
        folder = descend(home, above)
    except (OSError, ValueError) as error:
        yield f"{shown}: {why(error)}"
        return
    try:
        yield from _delete(folder, checked(name), shown, DEEPEST)
    except ValueError as error:
        yield f"{shown}: {error}"
    finally:
        os.close(folder)


def _delete(folder: int, name: str, shown: str, deepest: int) -> Iterator[str]:
    try:
        os.unlink(name, dir_fd=folder)
    except IsADirectoryError:
        yield from _delete_folder(folder, name, shown, deepest)
    except FileNotFoundError:
        return  # somebody was faster
    except OSError as error:
        yield f"{shown}: {why(error)}"


def _delete_folder(folder: int, name: str, shown: str, deepest: int) -> Iterator[str]:
    if not deepest:
        yield f"{shown}: too many folders in folders; delete it in a terminal"
        return
    try:
        inner = os.open(name, FOLDER, dir_fd=folder)
        try:
            faults = _empty(inner, shown, deepest)
        finally:
            os.close(inner)
        yield from faults
        if not faults:
            os.rmdir(name, dir_fd=folder)
    except OSError as error:
        yield f"{shown}: {why(error)}"


def _empty(folder: int, shown: str, deepest: int) -> list[str]:
    if os.fstat(folder).st_mode & 0o700 != 0o700:  # such as what Go downloads
        os.fchmod(folder, 0o700)
    return [
        fault
        for name in os.listdir(folder)
        for fault in _delete(folder, name, f"{shown}/{name}", deepest - 1)
    ]


def why(error: Exception) -> str:
    """Return the reason, without the path that it may name."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


if __name__ == "__main__":
    main()
