"""What a student's kernel tries on the system's kernel, and sees of the machine."""

import ctypes
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_NUMBERS = {
    "syslog": 103, "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166,
    "swapon": 167, "reboot": 169, "sethostname": 170, "iopl": 172, "init_module": 175,
    "delete_module": 176, "quotactl": 179, "clock_settime": 227, "kexec_load": 246,
    "add_key": 248, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308, "finit_module": 313,
    "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "open_tree": 428, "fsopen": 430,
}  # fmt: skip


def _child(work: "Callable[[], Any]") -> Any:
    """Do it in a process of its own, of one thread; return what came of it."""
    there, here = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(here, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(here)
    with open(there, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def _call(name: str, *arguments: Any) -> str:
    """Call the kernel; return the name of its refusal, nothing where it does as it is told."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if libc.syscall(ctypes.c_long(_NUMBERS[name]), *words) >= 0:
        return ""
    return errno.errorcode[ctypes.get_errno()]


def calls(wishes: "list[list[Any]]") -> "dict[str, str]":
    """Call the kernel for each of these names with arguments; return what it says to each."""
    as_given = [[w.encode() if isinstance(w, str) else w for w in words] for _, *words in wishes]
    return {
        wish[0]: _child(lambda name=wish[0], words=words: _call(name, *words))
        for wish, words in zip(wishes, as_given, strict=True)
    }


def becomes_root_of_its_own() -> "dict[str, str]":
    """Ask for namespaces of users, and in them for mounts: a way to many holes of kernels."""
    user, mounts, cgroups = 0x10000000, 0x20000, 0x2000000

    def climb() -> "dict[str, str]":
        found = {"unshare": _call("unshare", user | mounts | cgroups)}
        folder = "/tmp/cgroup"
        os.makedirs(folder, exist_ok=True)
        mount = ("mount", b"none", folder.encode(), b"cgroup", 0, b"memory")
        found["mount of a cgroup"] = _call(*mount)
        found["release_agent"] = "" if opens([f"{folder}/release_agent"], os.O_WRONLY) else "EPERM"
        return found

    return _child(climb)


def opens_by_number(path: str) -> str:
    """Open a file by the number of its file system, not by its name; return the refusal."""
    handle = ctypes.create_string_buffer(136)
    ctypes.memmove(handle, (128).to_bytes(4, sys.byteorder), 4)
    where = ctypes.c_int()
    _call("name_to_handle_at", -100, path.encode(), handle, ctypes.byref(where), 0)
    with open(path) as mount:
        return _call("open_by_handle_at", mount.fileno(), handle, os.O_RDONLY)


def leaves_by_proc() -> "dict[str, str]":
    """Ask for the root and the namespaces of process 1 of the machine, as far as one sees it."""

    def leave() -> "dict[str, str]":
        with open("/proc/1/ns/mnt") as door:
            return {"setns": _call("setns", door.fileno(), 0)}

    return _child(leave)


def uncovers(paths: "list[str]") -> None:
    """Take away what is mounted over these, as far as that is let."""
    for path in paths:
        _call("umount2", path.encode(), 2)


def opens(paths: "list[str]", flags: int) -> "list[str]":
    """Return those of the files that can be opened so."""
    opened = []
    for path in paths:
        with suppress(OSError):
            os.close(os.open(path, flags))
            opened.append(path)
    return opened


def reads_of(paths: "list[str]") -> "list[str]":
    """Return those of the files that can be opened and have anything in them."""
    found = []
    for path in paths:
        with suppress(OSError):
            number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                if os.read(number, 1):
                    found.append(path)
            finally:
                os.close(number)
    return found


def there(paths: "list[str]") -> "list[str]":
    """Return those of the files that are there."""
    return [path for path in paths if os.path.lexists(path)]


def makes_devices(numbers: "list[list[int]]") -> "list[list[int]]":
    """Return those of the machine's disks for which a device can be made and opened."""
    made = []
    for major, minor in numbers:
        path = f"/tmp/disk-{major}-{minor}"
        with suppress(OSError):
            os.mknod(path, 0o60600, os.makedev(major, minor))
            os.close(os.open(path, os.O_RDONLY))
            made.append([major, minor])
    return made


def identity() -> "dict[str, str]":
    """Return what the kernel says of this process: who it is and what it may."""
    with open("/proc/self/status") as status:
        return dict(line.rstrip().split(":\t", 1) for line in status if ":\t" in line)


def becomes_root_by(program: str) -> str:
    """Start a program that is root's to whoever starts it; return as whom it runs."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=quiet, stderr=quiet) as process:
        while True:
            with open(f"/proc/{process.pid}/status") as status:
                facts = dict(line.split(":", 1) for line in status)
            if facts["Name"].strip() == os.path.basename(program):
                break
        process.kill()
        return facts["Uid"].split()[1]


def setuid_programs() -> "list[str]":
    """Return the programs that are root's to whoever starts them."""
    found = []
    for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin"):
        for entry in os.scandir(folder):
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if status.st_mode & 0o4000 and status.st_uid == 0 and entry.is_file():
                    found.append(entry.path)
    return found


def processes() -> "list[str]":
    """Return the command lines of all processes that one sees."""
    lines = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with suppress(OSError), open(f"/proc/{entry.name}/cmdline", "rb") as file:
                lines.append(file.read().replace(b"\0", b" ").decode("utf-8", "replace"))
    return lines


def environments() -> str:
    """Return the variables of all processes that one sees."""
    found = b""
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with suppress(OSError), open(f"/proc/{entry.name}/environ", "rb") as file:
                found += file.read()
    return found.replace(b"\0", b"\n").decode("utf-8", "replace")


def mounts() -> "list[list[str]]":
    """Return place, options and source of all that is mounted."""
    with open("/proc/self/mountinfo") as file:
        lines = [line.split() for line in file]
    return [[line[4], line[5], f"{line[3]} {line[-2]}"] for line in lines]


def spoils(folder: str) -> "list[str]":
    """Try to change what is in a folder, in all ways; return those that worked."""
    name = next(entry.path for entry in os.scandir(folder) if entry.is_file())
    link = "/tmp/to-the-folder"
    with suppress(FileExistsError):
        os.symlink(folder, link)
    ways = {
        "write": lambda: Path(name).write_text("spoilt"),
        "append": lambda: os.close(os.open(name, os.O_WRONLY | os.O_APPEND)),
        "make": lambda: Path(folder, "new").touch(),
        "by a symlink": lambda: Path(link, "new").touch(),
        "delete": lambda: os.unlink(name),
        "rename": lambda: os.rename(name, f"{name}.old"),
        "chmod file": lambda: os.chmod(name, 0o666),
        "chmod folder": lambda: os.chmod(folder, 0o777),
        "touch": lambda: os.utime(name),
        "second name": lambda: os.link(name, "/home/jovyan/second-name"),
        "remount": lambda: _require(_call("mount", b"", folder.encode(), b"", 0x1020, b"")),
        "unmount": lambda: _require(_call("umount2", folder.encode(), 2)),
        "exchange": lambda: os.rename(folder, f"{folder}.old"),
    }
    return [way for way, attempt in ways.items() if _works(attempt)]


def _require(refusal: str) -> None:
    if refusal:
        raise PermissionError(refusal)


def _works(attempt: "Callable[[], Any]") -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True
