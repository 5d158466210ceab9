"""The distribution's packages that a machine needs, with all that they stand on."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.errors import MachineError
from opendata_hub.machine import Say, daemon, packages
from opendata_hub.machine.commands import output, run

WANTED = (
    "apparmor",
    "btrfs-progs",
    "ca-certificates",
    "caddy",
    "docker.io",
    "iptables",
    "nftables",
    "python3-venv",
    "restic",
    "rsync",
)
"""What any hub.yaml may ask for: without network nothing can be brought later."""

# With an empty list of what is installed here, apt takes all that a package stands on.
_APT = """\
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
"""

# With it apt looks for no compressed lists, whose lack it calls errors. The date is not checked,
# but has to be there; it is long ago, as the other machine's clock may be wrong.
_RELEASE = """\
Date: Sat, 01 Jan 2000 00:00:00 UTC
SHA256:
 {sum} {size} Packages
"""


@dataclass(frozen=True)
class Debs:
    """
    What was gathered.

    Attributes:
        python: version of the distribution's Python, such as 3.11.
        installed: bytes of all of them once they are unpacked.
    """

    python: str
    installed: int


def gather(folder: Path, say: Say) -> Debs:
    """
    Download the packages into a folder that apt takes as a source, whatever is installed here.

    Raises:
        MachineError: no apt-get, or it failed.
    """
    if not packages.find("apt-get"):
        raise MachineError("Bundles are for Debian and Ubuntu, and this machine has no apt-get.")
    say("Gathering the distribution's packages")
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="opendata-hub-", dir="/var/tmp") as scratch:
        root = Path(scratch)
        for path in ("state/lists/partial", "cache/archives/partial"):
            (root / path).mkdir(parents=True)
        (root / "status").touch()
        (root / "apt.conf").write_text(_APT.format(root=root), "utf-8")
        environment = {**os.environ, "APT_CONFIG": str(root / "apt.conf")}
        run(["apt-get", "update", "-q", "--error-on=any"], say, environment)
        wanted = [*WANTED, *packages.known([daemon.COMMAND], environment)]
        run(["apt-get", "install", "--download-only", "--yes", "-q", *wanted], say, environment)
        for deb in (root / "cache/archives").glob("*.deb"):
            (folder / deb.name.replace("%3a", "_")).write_bytes(deb.read_bytes())
    return listed(folder)


def listed(folder: Path) -> Debs:
    """Write the lists by which apt finds them."""
    python, installed, stanzas = "", 0, []
    for deb in sorted(folder.glob("*.deb")):
        fields = output(["dpkg-deb", "--field", str(deb)]).strip()
        about = dict(line.split(": ", 1) for line in fields.splitlines() if _is_field(line))
        installed += int(about.get("Installed-Size", 0)) * 1024
        if about["Package"] == "python3":
            python = ".".join(about["Version"].split(".")[:2])
        stanzas.append(f"{fields}\n{_where(deb)}")
    content = "\n".join(stanzas).encode()
    (folder / "Packages").write_bytes(content)
    checksum = hashlib.sha256(content).hexdigest()
    (folder / "Release").write_text(_RELEASE.format(sum=checksum, size=len(content)), "utf-8")
    return Debs(python, installed)


def _where(deb: Path) -> str:
    content = deb.read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    return f"Filename: ./{deb.name}\nSize: {len(content)}\nSHA256: {checksum}\n"


def _is_field(line: str) -> bool:
    return not line.startswith(" ") and ": " in line
