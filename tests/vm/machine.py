"""A machine that was just rented: a whole system that boots, with systemd and cloud-init."""

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
from types import MappingProxyType
from typing import Any

from tests.engine.cgroups import UNIFIED
from tests.hubs import wait_for
from tests.vm import groups
from tests.vm.bridge import Bridge
from tests.vm.root import TRUSTED

DISK = "/dev/vdb"
"""Where a machine finds its data disk, which a test gave it."""

_NUMBERS = count()
_REBOOTED = 133  # systemd-nspawn's own exit code
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
_ENGINES = ("docker", "containerd")  # folders in which overlays are made, as none is on another
_DOWNLOADS = {"apt": "/var/cache/apt/archives", "pip": "/root/.cache/pip", "npm": "/root/.npm"}
# Of a kernel's command line, on one that has no other groups: newer systemds refuse these.
_OLD_GROUPS = ("systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
_VARIABLES = {"SYSTEMD_SECCOMP": "0", "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}


class Machine:
    """
    One machine; its disk is a layer over that of :func:`tests.vm.root.root`.

    Args:
        folder: for its disk, on ext4 or another filesystem that can be under an overlay.
        authority: certificate that it trusts (PEM), beside those that this machine trusts.
        downloads: folder that keeps what its apt, pip and npm downloaded, for the next one.
        bound: what it has of this machine, by the path where it has it.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        bridge: Bridge,
        authority: bytes = b"",
        downloads: Path | None = None,
        bound: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        self.folder, self._bridge, self._downloads = folder, bridge, downloads
        self._bound = {f"/var/lib/{name}": folder / name for name in _ENGINES} | dict(bound)
        # Another than that of the machine before, whose interface may take a while to go.
        self.name = f"{bridge.name}m{next(_NUMBERS)}"
        self.address = bridge.address(2)
        self._shell: subprocess.Popen[bytes] | None = None
        self.disk = folder / "disk"
        for name in ("disk", "upper", "work", *_ENGINES):
            (folder / name).mkdir()
        layers = f"lowerdir={root},upperdir={folder}/upper,workdir={folder}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.disk], check=True)
        shutil.copy(_resolvers(), self.disk / "etc/resolv.conf")
        for name in TRUSTED:
            with (self.disk / name).open("ab") as trusted:
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
        bound = {**self._bound, **({DISK: data_disk} if data_disk else {})}
        if self._downloads:
            bound |= {place: self._kept(name) for name, place in _DOWNLOADS.items()}
        command = [
            *_NSPAWN, "-D", str(self.disk), "-M", self.name,
            f"--network-bridge={self._bridge.name}",
            *(f"--bind={here}:{there}" for there, here in bound.items()),
            *(() if UNIFIED else _OLD_GROUPS),
        ]  # fmt: skip
        mine = " ".join(map(str, groups.of(self.name)))
        # Left by a run that was killed, as may be the bridge's number.
        subprocess.run(["ip", "link", "delete", f"vb-{self.name}"], capture_output=True)
        self.booted = time.monotonic()
        with (self.folder / "console").open("wb") as console:
            self._shell = subprocess.Popen(
                ["sh", "-uc", _RUN.format(groups=mine), "sh", *command],
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
        network = json.dumps({"version": 2, "ethernets": {"host0": wire}})
        (folder / "network-config").write_text(network)

    def wait_until_booted(self) -> None:
        """Wait until its cloud-init is through."""
        status = ("cloud-init", "status")
        wait_for(lambda: "done" in self.run(*status, check=False), "it has booted", patience=300)

    def reboot(self) -> None:
        """Have it shut down in order, and boot again; wait until it has begun to."""
        before = self._leader()
        self.run("systemctl", "reboot")
        self.booted = time.monotonic()
        wait_for(lambda: self._leader() not in (None, before), "the machine boots again")
        asked, states = ("systemctl", "is-system-running"), "initializing starting running degraded"
        wait_for(lambda: self.run(*asked, check=False).strip() in states.split(), "systemd answers")

    def throw_away(self) -> None:
        """Cut its power, and destroy its disk."""
        if self._shell:
            self._kill(self._shell)
        subprocess.run(["umount", "--lazy", str(self.disk)], check=True)
        for group in groups.of(self.name):
            wait_for(lambda group=group: groups.removed(group), f"nothing is left in {group}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self, shell: "subprocess.Popen[bytes]") -> None:
        shell.kill()  # first: it would boot the machine again
        shell.wait()
        for group in groups.of(self.name):
            for process in groups.processes(group):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    # -- what a person who is logged in there does

    def _leader(self) -> int | None:
        """Return its process 1, as this machine counts; None where it does not run."""
        nspawns = _children(self._shell.pid) if self._shell else []
        found = [one for nspawn in nspawns for one in _children(nspawn)]
        return next((one for one in found if _told(one, "comm") == "systemd"), None)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command as its root; return what it printed. One that fails ends the test."""
        leader = wait_for(self._leader, f"the machine runs; its console:\n{self.console}")
        enter = ["nsenter", "--target", str(leader), "--all", "--", "env", "-i", f"PATH={_PATH}"]
        done = subprocess.run(
            [*enter, "HOME=/root", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, errors="replace",
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{' '.join(command)}:\n{done.stdout[-2000:]}"
        return done.stdout

    def answers(self, *command: str) -> bool:
        """Whether a command does well there."""
        return self.run("sh", "-c", '"$@" >/dev/null 2>&1 && echo yes', "sh", *command,
                        check=False) == "yes\n"  # fmt: skip

    def read(self, path: str | Path) -> str:
        """Return the text of a file; empty where there is none."""
        return self.run("sh", "-c", f"cat '{path}' 2>/dev/null", check=False)

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
def machine(folder: Path, root: Path, bridge: Bridge, **more: Any) -> Iterator[Machine]:
    """Have a machine, which is thrown away in the end; a test that failed prints its report."""
    made = Machine(folder, root, bridge, **more)
    try:
        yield made
    except BaseException:
        print(made.report())
        raise
    finally:
        if made.folder.exists():
            made.throw_away()


def _resolvers() -> Path:
    """Which file names servers that another machine reaches, where this one asks its own."""
    behind = Path("/run/systemd/resolve/resolv.conf")
    return behind if behind.exists() else Path("/etc/resolv.conf")


def _children(process: int) -> list[int]:
    return [int(child) for child in _told(process, f"task/{process}/children").split()]


def _told(process: int, name: str) -> str:
    """What the kernel tells of a process; nothing once it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/{name}").read_text().strip()
    return ""
