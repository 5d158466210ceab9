"""The image under all others, made from the distribution's own packages: no registry needed."""

import os
import subprocess
import tempfile
from pathlib import Path

import docker

from opendata_hub.errors import MachineError
from opendata_hub.homes import LABEL
from opendata_hub.machine import Say, own_command, packages, trust
from opendata_hub.machine.access import DIRECT, Access
from opendata_hub.machine.commands import output, run

REPOSITORY = "opendata-hub/debian"
TRUST = f"{LABEL}.trust"
"""Label with the fingerprint of the site's authority that an image trusts."""

INCLUDED = ("ca-certificates", "python3", "python3-venv", "tini")
MIRROR = "http://deb.debian.org/debian"

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LEFT_OUT = (
    "dev",
    "proc",
    "sys",
    "tmp",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
)
_SOURCES = """\
deb {mirror} {suite} main
deb {mirror} {suite}-updates main
deb http://security.debian.org/debian-security {suite}-security main
"""
_CHANGES = [
    f"LABEL {LABEL}.role=image",
    f"ENV SSL_CERT_FILE={trust.BUNDLE} REQUESTS_CA_BUNDLE={trust.BUNDLE} PIP_CERT={trust.BUNDLE}",
]


def ensure(client: docker.DockerClient, suite: str, say: Say, access: Access = DIRECT) -> str:
    """
    Make ``opendata-hub/debian:<suite>`` unless the engine has it, with the same site's authority.

    It trusts the certificate authorities that this machine trusts, and the site's, so that a site
    with an authority of its own can install packages in images and notebooks.

    Args:
        suite: code name of the release, such as ``bookworm``.

    Returns:
        str: id of the image.

    Raises:
        MachineError: not root, or debootstrap failed.
    """
    tag, site = f"{REPOSITORY}:{suite}", access.site.ca_bundle
    for image in client.images.list(REPOSITORY):
        if tag in image.tags and image.labels.get(TRUST, "") == trust.fingerprint(site):
            return str(image.id)
    if os.geteuid() != 0:
        raise MachineError(f"{tag} must be made by root, once: {own_command.prepare_as_root()}")
    # Not /tmp: it is often small, or mounted so that no program in it runs.
    with (
        access.taken(),
        tempfile.TemporaryDirectory(prefix="opendata-hub-", dir="/var/tmp") as folder,
    ):
        packages.ensure({"debootstrap": "debootstrap"}, say)
        if not _KEYRING.exists():  # as on Ubuntu
            packages.install(["debian-archive-keyring"], say)
        _bootstrap(Path(folder), suite, mirror(), say)
        trust.copy_to(Path(folder), site)
        return _import(client, Path(folder), tag, trust.fingerprint(site), say)


def mirror() -> str:
    """Return the Debian mirror that this machine's apt uses, else Debian's own."""
    lines = output(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN) $(CODENAME) $(REPO_URI)",
            "Identifier: Packages",
        ]
    )
    for line in lines.splitlines():
        origin, codename, uri = (*line.split(), "", "", "")[:3]
        if origin == "Debian" and "-" not in codename and uri.startswith("http"):
            return uri.rstrip("/")
    return MIRROR


def _bootstrap(root: Path, suite: str, source: str, say: Say) -> None:
    say(f"Making the base image from Debian {suite} at {source}")
    # Forced: without a keyring debootstrap would only warn, and take what the network gives.
    options = ["--force-check-gpg", f"--keyring={_KEYRING}", "--variant=minbase"]
    run(["debootstrap", *options, f"--include={','.join(INCLUDED)}", suite, str(root), source], say)
    sources = _SOURCES.format(mirror=source, suite=suite)
    (root / "etc/apt/sources.list").write_text(sources, "utf-8")


def _import(client: docker.DockerClient, root: Path, tag: str, trusted: str, say: Say) -> str:
    say(f"  importing {tag}")
    excluded = [f"--exclude=./{folder}/*" for folder in _LEFT_OUT]
    command = ["tar", "--numeric-owner", *excluded, "-C", str(root), "-c", "."]
    repository, _, name = tag.partition(":")
    changes = [*_CHANGES, *([f"LABEL {TRUST}={trusted}"] if trusted else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        client.api.import_image(
            src=tar.stdout, stream_src=True, repository=repository, tag=name, changes=changes
        )
    if tar.returncode:
        raise MachineError(f"{tag}: tar failed with exit code {tar.returncode}.")
    return str(client.images.get(tag).id)
