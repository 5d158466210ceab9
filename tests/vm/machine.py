"""A machine that was just rented: a full Debian that boots, with systemd and cloud-init."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from tests.engine.cgroups import ROOT as GROUPS
from tests.engine.cgroups import UNIFIED
from tests.hubs import wait_for
from tests.vm.bridge import Bridge
from tests.vm.root import TRUST

MEMORY = 4 * 2**30
DISK = "/dev/vdb"
"""Where a machine finds its data disk, which a test gave it."""

_NUMBERS = count()
_ENDED, _REBOOTED = 60, 133  # seconds, and systemd-nspawn's own exit code
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The shell is in groups of the machine's own, and boots it again where it asked for that.
_RUN = f"""
for group in {{groups}}; do echo $$ > $group/cgroup.procs; done
while "$@" </dev/null; [ $? = {_REBOOTED} ]; do echo "-- reboot"; done
"""
_NSPAWN = (
    "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--capability=all",
    "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
)  # fmt: skip
_DOWNLOADS = {"apt": "/var/cache/apt/archives", "pip": "/root/.cache/pip", "npm": "/root/.npm"}
_VARIABLES = {"SYSTEMD_SECCOMP": "0", "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}


class Machine:
    """
    One machine; its disk is a layer over that of :func:`tests.vm.root.root`.

    Args:
        folder: for its disk, on ext4 or another filesystem that can be under an overlay.
        authority: certificate that it trusts (PEM), beside those that this machine trusts.
        downloads: folder that keeps what its apt, pip and npm downloaded, for the next one.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        bridge: Bridge,
        authority: bytes = b"",
        downloads: Path | None = None,
    ) -> None:
        self.folder, self._bridge, self._downloads = folder, bridge, downloads
        # Another than that of the machine before, whose interface may take a while to go.
        self.name = f"{bridge.name}m{next(_NUMBERS)}"
        self.address = bridge.address(2)
        self._shell: subprocess.Popen[bytes] | None = None
        self.disk = folder / "disk"
        for name in ("disk", "upper", "work", "docker"):
            (folder / name).mkdir()
        layers = f"lowerdir={root},upperdir={folder}/upper,workdir={folder}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.disk], check=True)
        shutil.copy(_resolvers(), self.disk / "etc/resolv.conf")
        with (self.disk / TRUST).open("ab") as trusted:
            trusted.write(authority)

    # -- power

    def boot(self, user_data: str, data_disk: str = "") -> None:
        """
        Switch it on for the first time.

        Args:
            user_data: what its owner gave to the cloud.
            data_disk: block device of this machine that becomes its ``DISK``.
        """
        self._seed(user_data)
        disks = [f"--bind={data_disk}:{DISK}"] if data_disk else []
        disks += [f"--bind={self._kept(name)}:{place}" for name, place in _DOWNLOADS.items()
                  if self._downloads]  # fmt: skip
        command = [
            *_NSPAWN, "-D", str(self.disk), "-M", self.name,
            f"--network-bridge={self._bridge.name}",
            f"--bind={self.folder}/docker:/var/lib/docker", *disks,
        ]  # fmt: skip
        groups = " ".join(map(str, _groups(self.name)))
        # Left by a run that was killed, as may be the bridge's number.
        subprocess.run(["ip", "link", "delete", f"vb-{self.name}"], capture_output=True)
        self.booted = time.monotonic()
        with (self.folder / "console").open("wb") as console:
            self._shell = subprocess.Popen(
                ["sh", "-uc", _RUN.format(groups=groups), "sh", *command],
                stdout=console, stderr=console, env={**os.environ, **_VARIABLES},
                start_new_session=True,
            )  # fmt: skip
        wait_for(lambda: self._leader() or self._has_ended(), "it boots")
        assert not self._has_ended(), f"It does not boot; its console:\n{self.console}"

    def _has_ended(self) -> bool:
        return self._shell is not None and self._shell.poll() is not None

    def _kept(self, name: str) -> Path:
        assert self._downloads
        folder = self._downloads / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _seed(self, user_data: str) -> None:
        """Lay down what a cloud tells a machine, as the datasource NoCloud reads it."""
        folder = self.disk / "var/lib/cloud/seed/nocloud"
        folder.mkdir(parents=True)
        (folder / "user-data").write_text(user_data)
        (folder / "meta-data").write_text(f"instance-id: {self.name}\nlocal-hostname: class\n")
        route = {"to": "0.0.0.0/0", "via": self._bridge.gateway}
        wire = {"addresses": [f"{self.address}/24"], "routes": [route]}
        network = {"version": 2, "ethernets": {"host0": wire}}
        (folder / "network-config").write_text(json.dumps(network))

    def reboot(self) -> None:
        """Have it shut down in order, and boot again; wait until it has begun to."""
        before = self._leader()
        self.run("systemctl", "reboot")
        self.booted = time.monotonic()
        wait_for(lambda: self._leader() not in (None, before), "the machine boots again")
        wait_for(lambda: self._is_booting(), "its systemd answers")

    def _is_booting(self) -> bool:
        state = self.run("systemctl", "is-system-running", check=False).strip()
        return state in ("initializing", "starting", "running", "degraded")

    def throw_away(self) -> None:
        """Cut its power, and destroy its disk."""
        if self._shell:
            self._kill(self._shell)
        subprocess.run(["umount", "--lazy", str(self.disk)], check=True)
        for group in _groups(self.name):
            wait_for(lambda group=group: _removed(group), f"nothing is left in {group}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self, shell: "subprocess.Popen[bytes]") -> None:
        shell.kill()  # first: it would boot the machine again
        shell.wait()
        for group in _groups(self.name):
            for process in _processes(group):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    # -- what a person who is logged in there does

    def _leader(self) -> int | None:
        """Return its process 1, as this machine counts; None where it does not run."""
        if not self._shell:
            return None
        found = [one for nspawn in _children(self._shell.pid) for one in _children(nspawn)]
        return next((one for one in found if _name(one) == "systemd"), None)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command as its root; return what it printed. One that fails ends the test."""
        leader = wait_for(self._leader, f"the machine runs; its console:\n{self.console}")
        enter = ["nsenter", "--target", str(leader), "--all", "--", "env", "-i", f"PATH={_PATH}"]
        done = subprocess.run(
            [*enter, "HOME=/root", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, errors="replace",
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{' '.join(command)}:\n{done.stdout}"
        return done.stdout

    def answers(self, *command: str) -> bool:
        """Whether a command does well there."""
        return self.run("sh", "-c", '"$@" >/dev/null 2>&1 && echo yes', "sh", *command,
                        check=False) == "yes\n"  # fmt: skip

    def read(self, path: str | Path) -> str:
        """Return the text of a file; empty where there is none."""
        file = Path(path)
        return self.run("sh", "-c", f"cat '{file}' 2>/dev/null", check=False)

    @property
    def status(self) -> Mapping[str, Any]:
        """How far the installation is, as everybody there may read it; empty before it began."""
        text = self.read("/run/opendata-hub/install.json")
        return json.loads(text) if text else {}

    @property
    def console(self) -> str:
        """What it printed while it booted."""
        file = self.folder / "console"
        return file.read_text("utf-8", "replace")[-3000:] if file.exists() else ""

    def report(self) -> str:
        """What happened on it, for a test that failed."""
        if not self.folder.exists():
            return "It was thrown away."
        if not self._leader():
            return f"It does not run; its console:\n{self.console}"
        commands = (
            ("tail", "-n60", "/var/log/cloud-init-output.log"),
            ("systemctl", "--failed", "--no-pager"),
            ("journalctl", "-u", "opendata-hub", "-n80", "--no-pager"),
            ("docker", "ps", "-a"),
        )
        said = [f"-- {' '.join(one)}\n{self.run(*one, check=False)}" for one in commands]
        return "\n".join([f"-- console\n{self.console}", *said])


@contextmanager
def machine(
    folder: Path,
    root: Path,
    bridge: Bridge,
    authority: bytes = b"",
    downloads: Path | None = None,
) -> Iterator[Machine]:
    """Have a machine, which is thrown away in the end; a test that failed prints its report."""
    made = Machine(folder, root, bridge, authority, downloads)
    try:
        yield made
    except BaseException:
        print(made.report())
        raise
    finally:
        if made.folder.exists():
            made.throw_away()


@contextmanager
def data_disk(folder: Path, size: str = "4G") -> Iterator[str]:
    """Have an empty disk that outlives machines; yield its device."""
    file = folder / "data.img"
    subprocess.run(["truncate", "--size", size, str(file)], check=True)
    found = subprocess.check_output(["losetup", "--find", "--show", str(file)], text=True).strip()
    try:
        yield found
    finally:
        subprocess.run(["losetup", "--detach", found], check=True)
        file.unlink()


def _resolvers() -> Path:
    """Which file names servers that another machine reaches, where this one asks its own."""
    behind = Path("/run/systemd/resolve/resolv.conf")
    return behind if behind.exists() else Path("/etc/resolv.conf")


def _groups(name: str) -> list[Path]:
    """Make groups of processes for a machine, with a limit of memory; return their folders."""
    tops = [GROUPS] if UNIFIED else [one for one in GROUPS.iterdir() if _is_controller(one)]
    found = []
    for top in tops:
        group = top / name
        if not group.exists():
            group.mkdir()
            _limit(top, group)
        found.append(group)
    return found


def _is_controller(top: Path) -> bool:
    return top.is_dir() and not top.is_symlink() and top.name not in ("systemd", "unified")


def _limit(top: Path, group: Path) -> None:
    if (group / "cpuset.cpus").exists() and not UNIFIED:
        for name in ("cpuset.cpus", "cpuset.mems"):
            (group / name).write_text((top / name).read_text())
    for name in ("memory.limit_in_bytes", "memory.max"):
        if (group / name).exists():
            (group / name).write_text(str(MEMORY))


def _processes(group: Path) -> list[int]:
    """All that are in a group, or in one below it."""
    files = group.glob("**/cgroup.procs")
    return [int(process) for file in files for process in file.read_text().split()]


def _children(process: int) -> list[int]:
    with suppress(FileNotFoundError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(child) for child in text.split()]
    return []


def _name(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def _removed(group: Path) -> bool:
    """Remove a group with those below it, once all processes have gone."""
    for one in sorted(group.glob("**/"), reverse=True):
        with suppress(OSError):
            one.rmdir()
    return not group.exists()
