"""What tests of backups share: homes as users leave them, and looks at what came back."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from opendata_hub.cli import main
from opendata_hub.homes import GID, UID
from tests.hubs import PATIENCE, wait_for

COMMAND = Path(sys.executable).with_name("opendata-hub")
ENGINES = ("restic", "rsync")
_SHELL = "/bin/sh"
_NEEDED = ("rsync", "setpriv", "btrfs", "stat", "fallocate")


def path_of(engine: str, folder: Path, *slow: str) -> str:
    """
    A PATH on which backups are made by this engine.

    Args:
        slow: options by which it takes its time.
    """
    folder.mkdir()
    for program in _NEEDED if engine == "rsync" else (*_NEEDED, "restic"):
        line = f'exec {shutil.which(program)} {" ".join(slow) if program == engine else ""} "$@"'
        (folder / program).write_text(f"#!{_SHELL}\n{line}\n")
        (folder / program).chmod(0o755)
    return str(folder)


def begin(*arguments: object, path: str) -> "subprocess.Popen[str]":
    """Run the command."""
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)], env={**os.environ, "PATH": path}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def call(*arguments: object, path: str) -> Result:
    """Run the command to its end, in this process, which saves seconds."""
    words = list(map(str, arguments))
    done = CliRunner().invoke(main, words, env={"PATH": path}, catch_exceptions=False)
    print(done.output)
    return done


def kill_when(process: "subprocess.Popen[str]", true: Callable[[], Any], what: str) -> None:
    """Kill it, and it alone, in the middle of its work."""
    wait_for(true, what)
    assert process.poll() is None, f"it had ended before: {process.communicate()}"
    process.kill()
    process.communicate(timeout=PATIENCE)


def fill(home: Path, seed: bytes) -> None:
    """Put into a home what users' homes are made of, odd things too."""
    (home / "sub" / "deep").mkdir(parents=True)
    (home / "sub" / "deep" / "new\nline").write_bytes(seed)
    (home / "sub").chmod(0o700)
    (home / "notes.txt").write_bytes(seed * 1000)
    (home / "again.txt").hardlink_to(home / "notes.txt")
    (home / "back\\slash").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(home) + b"/latin-\xe9")).write_bytes(seed)
    (home / "link").symlink_to("/etc/passwd")
    (home / "loop").symlink_to("loop")
    with (home / "sparse").open("wb") as file:
        file.seek(8 * 2**20)
        file.write(seed)
    os.setxattr(home / "notes.txt", "user.mark", b"red")
    own(home)


def own(home: Path) -> None:
    """Hand a home to its user, as if all of it were old."""
    for entry in (home, *home.rglob("*")):
        os.chown(entry, UID, GID, follow_symlinks=False)
        os.utime(entry, ns=(10**18, 10**18 + 123_456_789), follow_symlinks=False)


def portrait(folder: Path, but: Sequence[str] = ()) -> dict[str, Any]:
    """All that is to be seen of a folder, by path; folders named in ``but`` are left out."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.partition("/")[0] not in but:
            found[name] = _look(path)
    return found


def _look(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    content: Any = None
    if kind == stat.S_IFLNK:
        content = path.readlink()
    elif kind == stat.S_IFREG:
        content = (path.read_bytes(), status.st_nlink, status.st_mtime_ns, os.listxattr(path))
    return (status.st_mode, status.st_uid, status.st_gid, content)


def largest(folder: Path) -> Path:
    """The largest file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return max(files, key=lambda path: path.stat().st_size)


def flip(file: Path) -> None:
    """Let the disk return another byte in the middle of a file, and say nothing of it."""
    status = file.stat()
    file.chmod(0o600)
    with file.open("r+b") as stream:
        stream.seek(status.st_size // 2)
        byte = stream.read(1)
        stream.seek(status.st_size // 2)
        stream.write(bytes([byte[0] ^ 1]))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    file.chmod(status.st_mode)


def read_so_far() -> int:
    """Bytes that this process and all it has waited for have read."""
    counters = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in counters)["rchar"])
