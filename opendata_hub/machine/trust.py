"""Which certificate authorities this machine trusts; images made here trust the same."""

import shutil
from pathlib import Path

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
SITE = Path("/usr/local/share/ca-certificates")


def copy_to(root: Path) -> None:
    """
    Copy the trusted authorities into a file tree.

    The site's own ones go there one by one too: an upgrade inside makes the bundle anew from them.
    """
    for source in (BUNDLE, SITE):
        target = root / source.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, target)
