"""The disk of a fresh machine, as a cloud's image is: the distribution, systemd, cloud-init."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.vm.suites import SUITES

TRUST = Path("etc/ssl/certs/ca-certificates.crt")
TRUSTED = (TRUST, Path("usr/local/share/ca-certificates/here.crt"))
"""What programs read, and what an upgrade makes that from."""

# python3-cffi-backend by its name: debootstrap does not find what only provides another package.
# Without lsb-release Ubuntu's cloud-init does not know where packages are.
PACKAGES = (
    "systemd,systemd-sysv,dbus,udev,python3-cffi-backend,cloud-init,ca-certificates,iproute2,sudo,"
    "netbase,iputils-ping,procps,curl,openssh-server,lsb-release"
)

_CLOUD = """\
datasource_list: [NoCloud, None]
locale: false
manage_etc_hosts: true
"""

# Nobody sends router advertisements on the bridge; waiting for them takes thirteen seconds. What
# this belongs to is written by cloud-init on Debian, and by netplan on Ubuntu.
_NETWORK = """\
[Network]
IPv6AcceptRA=no
"""

# What a machine of its own kernel has, and a container of systemd-nspawn has not: groups of
# processes that the engine can write to, and the links of disks, which are udev's.
_GROUPS = """\
[Unit]
Description=Groups of processes that can be written to
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'mount -o remount,bind,rw /sys/fs/cgroup; for one in /sys/fs/cgroup/*/; do \
mount -o remount,bind,rw $$one; done; true'
[Install]
WantedBy=sysinit.target
"""
_LINKS = """\
[Unit]
Description=Links of disks by their UUID
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mkdir -p /dev/disk/by-uuid; for one in /dev/vd?; do \
uuid=$$(blkid -p -s UUID -o value $$one) && ln -sf $$one /dev/disk/by-uuid/$$uuid; done; true'
"""
# Elsewhere a mount waits for the link of its disk: systemd knows from udev when that is there.
_MOUNT = """\
[Unit]
Wants=disk-links.service
After=disk-links.service
"""
_SCRIPTS = "/usr/share/debootstrap/scripts"
_UNITS = "etc/systemd/system"
_FILES = {
    "etc/cloud/cloud.cfg.d/90_here.cfg": _CLOUD,
    "etc/systemd/network/10-cloud-init-host0.network.d/here.conf": _NETWORK,
    "etc/systemd/network/10-netplan-host0.network.d/here.conf": _NETWORK,
    f"{_UNITS}/writable-groups.service": _GROUPS,
    f"{_UNITS}/disk-links.service": _LINKS,
    rf"{_UNITS}/var-lib-opendata\x2dhub.mount.d/here.conf": _MOUNT,
}


def root(cache: Path, name: str) -> Path:
    """
    Return the folder with the disk, which nothing may write to; made once, in a minute.

    Args:
        cache: where it is kept from run to run, as long as what it is made of stays the same.
        name: of one of :data:`tests.vm.suites.SUITES`.
    """
    parts = (PACKAGES, *map(str, TRUSTED), *_FILES, *_FILES.values())
    folder = cache / f"root-{name}-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:12]}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not folder.exists():
            draft = cache / "draft"
            for old in (draft, *cache.glob(f"root-{name}-*")):
                _remove(old)
            _debootstrap(name, draft)
            _prepare(draft)
            draft.rename(folder)
    return folder


def _remove(folder: Path) -> None:
    """Remove one that no machine of another run stands on."""
    if str(folder) not in Path("/proc/self/mounts").read_text():
        shutil.rmtree(folder, ignore_errors=True)


def _debootstrap(name: str, folder: Path) -> None:
    suite = SUITES[name]
    with tempfile.TemporaryDirectory() as scratch:
        options = [
            "--variant=minbase",
            f"--include={PACKAGES}",
            f"--components={suite.components}",
            f"--keyring={suite.keyring(Path(scratch))}",
        ]
        what = [name, str(folder), suite.mirror(), f"{_SCRIPTS}/{suite.script}"]
        done = subprocess.run(["debootstrap", *options, *what], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _prepare(folder: Path) -> None:
    for name in TRUSTED:
        shutil.copy(Path("/", TRUST), folder / name)  # a site's authority, where this is at one
    (folder / "etc/hostname").unlink(missing_ok=True)
    (folder / "etc/machine-id").write_text("")  # each machine gets its own, at its first boot
    for name, text in _FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    enable = ["systemctl", f"--root={folder}", "enable", "systemd-networkd", "writable-groups"]
    subprocess.run(enable, check=True, capture_output=True)
