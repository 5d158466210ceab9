"""
The real plugins of the roots' providers, in a folder that stays: run it by hand.

``python -m tests.terraform.providers`` asks Terraform's registry for them. Where that cannot be
reached, it builds with Go what Go can ask for by a version: OpenStack's, for minutes. (The others'
releases are versions of no Go module.) The tests use what is there; ``--missing`` says what is not.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.terraform import roots

CACHE = Path.home() / ".cache" / "opendata-hub" / "terraform-providers"
MODULES = {
    "openstack": ("github.com/terraform-provider-openstack/terraform-provider-openstack", "1.54.1")
}
TESTS = 2
"""How many tests each root has with its real plugin, in test_roots.py."""


def there() -> list[str]:
    """Return the roots whose real plugin is in the folder."""
    return [root for root in roots.NAMES if any(plugin_files(root))]


def plugin_files(root: str) -> Iterator[Path]:
    """Return what is kept of a root's provider: a zip or a program for each version."""
    return (CACHE / roots.provider(root)).rglob("terraform-provider-*")


def ask_registry(root: str) -> str | None:
    """Bring a plugin from the registry; return its reason if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        cwd = roots.copied(Path(folder)) / root
        subprocess.run(["terraform", "get"], cwd=cwd, check=True, capture_output=True)
        command = ["terraform", "providers", "mirror", str(CACHE)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return problem(done.stderr) if done.returncode else None


def problem(said: str) -> str:
    """Return what terraform says in a box as one line."""
    plain = re.sub(r"\x1b\[\d*m|[│╷╵]", "", said)
    return " ".join(plain.partition("Error: ")[2].split())


def build(root: str) -> None:
    """Build a plugin from its Go module, leaving the processor to others."""
    module, version = MODULES[root]
    download = ["go", "mod", "download", "-json", f"{module}@v{version}"]
    told = subprocess.run(download, check=True, capture_output=True, text=True).stdout
    name = f"terraform-provider-{roots.provider(root).rpartition('/')[2]}_v{version}"
    target = CACHE / roots.provider(root) / version / roots.platform() / name
    options = ["-p", "1", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(target)]
    subprocess.run(
        ["nice", "-n", "19", "go", "build", "-C", json.loads(told)["Dir"], *options, "."],
        check=True,
    )


def bring(root: str) -> str:
    """Put a root's plugin into the folder; return what became of it, as a sentence."""
    reason = ask_registry(root)
    if reason is None:
        return f"{roots.provider(root)}: from the registry"
    if root not in MODULES:
        return f"{roots.provider(root)}: NOT brought, the registry says: {reason}"
    print(f"{roots.provider(root)}: the registry says: {reason}\nBuilding it, for minutes")
    build(root)
    return f"{roots.provider(root)}: built from its Go module, version {MODULES[root][1]}"


def missing() -> Iterator[str]:
    """Say which tests do not run for want of a plugin."""
    for root in (root for root in roots.NAMES if root not in there()):
        yield (
            f"NOT RUN, no real plugin of {roots.provider(root)}: terraform/{root} {TESTS} tests "
            "(they ran with its schema only; python -m tests.terraform.providers brings it)"
        )


if __name__ == "__main__":
    lines = missing() if "--missing" in sys.argv else map(bring, set(roots.NAMES) - set(there()))
    for line in lines:
        print(line)
