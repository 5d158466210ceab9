"""What a student's process may ask of the kernel, and what it sees of the machine around it."""

import os
from pathlib import Path
from typing import Any

from tests.attacks.conftest import DATA, only_walls
from tests.attacks.ground import Ground, GroundHub
from tests.attacks.inside import kernel
from tests.attacks.students import Student

REFUSED = {"EPERM", "EACCES", "ENOSYS"}

Wishes = list[list[Any]]

# What a kernel that grants it would do is nothing: each has an argument that makes no sense.
MOUNTS: Wishes = [
    ["mount", "none", "/tmp", "tmpfs", 0, ""],
    ["pivot_root", "/", "/"],
    ["chroot", "/"],
    ["open_tree", -100, "/", 1],
    ["fsopen", "tmpfs", 0],
]
CODE: Wishes = [
    ["init_module", 0, 0, ""],
    ["finit_module", -1, "", 0],
    ["delete_module", "nothing", 0],
    ["kexec_load", 0, 99, 0, 99],
    ["bpf", 5, 0, 0],
]
MACHINE: Wishes = [
    ["reboot", 0, 0, 0, 0],
    ["swapon", "/nothing", 0],
    ["acct", "/nothing"],
    ["sethostname", "", 0],
    ["clock_settime", 0, 0],
    ["syslog", 10, 0, 0],
    ["quotactl", 0, 0, 0, 0],
    ["iopl", 3],
]
HOLES: Wishes = [
    ["io_uring_setup", 1, 0],
    ["userfaultfd", 0],
    ["perf_event_open", 0, 0, -1, -1, 0],
    ["add_key", "user", "name", "secret", 6, -3],
    ["keyctl", 0, -3, 0],
]


def disks() -> list[list[int]]:
    """Numbers of the machine's disks."""
    told = [path.joinpath("dev").read_text() for path in Path("/sys/block").iterdir()]
    return [[int(number) for number in disk.split(":")] for disk in told]


async def refuses(anna: Student, wishes: Wishes, walls: bool) -> None:
    """Hold that all of it is refused; and not all of it where there are no walls."""
    said = await anna.does(kernel.calls, wishes)

    refused = {name for name, word in said.items() if word in REFUSED}
    assert (refused == set(said)) is walls, said


async def test_mounts(anna: Student, walls: bool) -> None:
    """Mounting, or another root of the file system: refused."""
    await refuses(anna, MOUNTS, walls)


async def test_code_for_the_kernel(anna: Student, walls: bool) -> None:
    """Code for the kernel (modules, BPF, another kernel): refused."""
    await refuses(anna, CODE, walls)


async def test_the_machines_switches(anna: Student, walls: bool) -> None:
    """The machine's clock, name, log, swap, quotas and power switch: refused."""
    await refuses(anna, MACHINE, walls)


async def test_calls_with_a_past(anna: Student, walls: bool) -> None:
    """Calls that have led into many kernels (io_uring, userfaultfd, perf, keyrings): refused."""
    await refuses(anna, HOLES, walls)


async def test_a_root_of_ones_own(anna: Student, walls: bool) -> None:
    """Root in a user namespace, and a mounted cgroup with its `release_agent` (CVE-2022-0492): \
refused."""
    said = await anna.does(kernel.becomes_root_of_its_own)

    assert (set(said.values()) <= REFUSED) is walls, said


async def test_another_namespace(anna: Student, walls: bool) -> None:
    """Another process' namespaces, by `/proc/1/ns`: refused."""
    said = await anna.does(kernel.leaves_by_proc)

    assert (said["setns"] in REFUSED) is walls


async def test_files_by_number(anna: Student, walls: bool) -> None:
    """Files of the machine by their number, past all mounts (Shocker): refused."""
    said = await anna.does(kernel.opens_by_number, "/etc/hostname")

    assert (said in REFUSED) is walls, said


async def test_switches_in_proc_and_sys(anna: Student, walls: bool) -> None:
    """The kernel's switches (`core_pattern`, `modprobe`, `sysrq-trigger`, `uevent_helper`): \
none opens."""
    paths = ["core_pattern", "modprobe", "hotplug", "randomize_va_space"]
    places = [f"/proc/sys/kernel/{path}" for path in paths]
    places += ["/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/proc/sys/vm/drop_caches"]

    await anna.does(kernel.uncovers, ["/proc/sys", "/proc/sysrq-trigger", "/sys"])
    opened = await anna.does(kernel.opens, places, os.O_WRONLY)

    assert bool(opened) is not walls, opened


async def test_the_machines_memory(anna: Student, walls: bool) -> None:
    """The machine's memory, log and keys (`/dev/mem`, `/proc/kcore`, `/dev/kmsg`): none opens."""
    paths = ["/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/kmsg", "/proc/keys",
             "/proc/timer_list", "/proc/sched_debug", "/proc/scsi/scsi"]  # fmt: skip

    await anna.does(kernel.uncovers, paths)
    opened = await anna.does(kernel.reads_of, paths)

    assert bool(opened) is not walls, opened


async def test_disks(anna: Student, walls: bool) -> None:
    """The machine's disks, by a device made for them: refused."""
    assert bool(await anna.does(kernel.makes_devices, disks())) is not walls


async def test_setuid_programs(anna: Student, walls: bool) -> None:
    """Programs that are root's to whoever starts them, such as `su`: they run as the student."""
    programs = await anna.does(kernel.setuid_programs)

    assert programs
    assert await anna.does(kernel.becomes_root_by, "/bin/su") == ("1000" if walls else "0")


@only_walls
async def test_rights(anna: Student) -> None:
    """Rights to gain: no capability, now or ever, and a filter on the kernel's calls."""
    facts = await anna.does(kernel.identity)

    assert facts["Uid"].split() == ["1000"] * 4
    assert {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
        "0000000000000000"
    }
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


@only_walls
async def test_other_processes(anna: Student, ben: Student) -> None:
    """Other processes of the machine, to read or to trace: one's own server's are all there is."""
    seen = await anna.does(kernel.processes)

    assert seen
    assert not any(ben.name in line or "dockerd" in line for line in seen), seen


@only_walls
async def test_the_programs_of_the_image(anna: Student) -> None:
    """The program that runs one, and the system's files (CVE-2019-5736): none can be written."""
    paths = ["/proc/self/exe", "/proc/1/exe", "/usr/bin/su", "/etc/passwd", "/etc/ld.so.preload"]

    assert await anna.does(kernel.opens, paths, os.O_WRONLY | os.O_CREAT) == []


@only_walls
async def test_secrets(anna: Student, hub: GroundHub) -> None:
    """The hub's secrets, in variables and files: there are only the server's own."""
    variables = await anna.does(kernel.environments)
    files = [path for path in (hub.folder / ".hub").rglob("*") if path.is_file()]
    secret = (hub.folder / ".hub" / "cookie_secret").read_text().strip()

    assert files
    assert "JUPYTERHUB_API_TOKEN" in variables
    assert not [word for word in (hub.token, secret, "CONFIGPROXY") if word in variables]
    assert await anna.does(kernel.opens, [str(path) for path in files], os.O_RDONLY) == []


@only_walls
async def test_the_engines_socket(anna: Student, machine: Ground) -> None:
    """The container engine, by its socket: it is not there."""
    socket = machine.engine.url.removeprefix("unix://")
    paths = [socket, "/var/run/docker.sock", "/run/containerd/containerd.sock"]

    assert await anna.does(kernel.there, paths) == []


@only_walls
async def test_anothers_home(anna: Student, ben: Student) -> None:
    """Another student's home: of all homes only one's own is mounted."""
    mounted = await anna.does(kernel.mounts)

    sources = [source for place, _, source in mounted if place.startswith("/home")]
    assert sources
    assert all(anna.name in source for source in sources), sources
    assert not [line for line in mounted if ben.name in str(line)]


async def test_datasets(anna: Student, hub: GroundHub, walls: bool) -> None:
    """Shared data, to change by writing, by mode, by a symlink, by another mount: refused."""
    spoilt = await anna.does(kernel.spoils, f"/data/{DATA}")

    # Root may mount what it likes in its own namespace; even then the data are as they were.
    assert bool(spoilt) is not walls, spoilt
