"""The disk of a fresh machine, as a cloud's image of Debian is: systemd, cloud-init, no more."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from opendata_hub.machine import debian

SUITE = "bookworm"
TRUST = Path("etc/ssl/certs/ca-certificates.crt")

# python3-cffi-backend by its name: debootstrap does not find what only provides another package.
PACKAGES = (
    "systemd,systemd-sysv,dbus,udev,python3-cffi-backend,cloud-init,ca-certificates,iproute2,sudo,"
    "netbase,iputils-ping,procps,curl"
)

_CLOUD = """\
datasource_list: [NoCloud, None]
locale: false
manage_etc_hosts: true
"""

# Nobody sends router advertisements on the bridge; waiting for them takes thirteen seconds.
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
Before=local-fs-pre.target
Wants=local-fs-pre.target
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'mkdir -p /dev/disk/by-uuid; while :; do for one in /dev/vd?; do \
uuid=$$(blkid -p -s UUID -o value $$one) && ln -sf $$one /dev/disk/by-uuid/$$uuid; done; \
systemd-notify --ready; sleep 0.5; done'
[Install]
WantedBy=sysinit.target
"""
_UNITS = {"writable-groups.service": _GROUPS, "disk-links.service": _LINKS}


def root(cache: Path) -> Path:
    """
    Return the folder with the disk, which nothing may write to; made once, in a minute.

    Args:
        cache: where it is kept from run to run, as long as what it is made of stays the same.
    """
    parts = (SUITE, PACKAGES, _CLOUD, _NETWORK, *_UNITS.values())
    folder = cache / f"root-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:12]}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not folder.exists():
            draft = cache / "draft"
            for old in (draft, *cache.glob("root-*")):
                _remove(old)
            _debootstrap(draft)
            _prepare(draft)
            draft.rename(folder)
    return folder


def _remove(folder: Path) -> None:
    """Remove one that no machine of another run stands on."""
    if str(folder) not in Path("/proc/self/mounts").read_text():
        shutil.rmtree(folder, ignore_errors=True)


def _debootstrap(folder: Path) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(folder)]
    done = subprocess.run([*command, debian.mirror()], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _prepare(folder: Path) -> None:
    shutil.copy(Path("/", TRUST), folder / TRUST)  # a site's own authority, where this is at one
    (folder / "etc/hostname").unlink(missing_ok=True)
    (folder / "etc/machine-id").write_text("")  # each machine gets its own, at its first boot
    _write(folder / "etc/cloud/cloud.cfg.d/90_here.cfg", _CLOUD)
    _write(folder / "etc/systemd/network/10-cloud-init-host0.network.d/here.conf", _NETWORK)
    for name, text in _UNITS.items():
        _write(folder / "etc/systemd/system" / name, text)
    enable = ["systemctl", f"--root={folder}", "enable", "systemd-networkd", *_UNITS]
    subprocess.run(enable, check=True, capture_output=True)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
