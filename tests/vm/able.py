"""Whether this machine can run others: ``python -m tests.vm.able`` prints why not, or nothing."""

import os
import subprocess

from opendata_hub.machine import packages

PROGRAMS = {
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "losetup": "mount",
    "systemd-nspawn": "systemd-container",
}

# What a machine needs of the kernel: a network and mounts of its own, one layer over another.
_TRIAL = """
mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b /mnt/c /mnt/d &&
mount -t overlay overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c /mnt/d &&
ip link add odhvm type bridge
"""


def why_not() -> str:
    """Say in a sentence why no machine can run here; empty where one can."""
    if os.geteuid() != 0:
        return "only root can boot a machine in systemd-nspawn: run the tests with sudo"
    missing = {package for program, package in PROGRAMS.items() if not packages.find(program)}
    if missing:
        return f"programs are missing: apt-get install {' '.join(sorted(missing))}"
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-ec", _TRIAL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no word of it"]
        return f"this kernel, or the container around us, lets no machine run here: {said[-1]}"
    return ""


if __name__ == "__main__":
    print(why_not())
