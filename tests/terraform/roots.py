"""The Terraform roots of this repository, as terraform runs them: in a copy, without network."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "terraform"
Process = subprocess.CompletedProcess[str]
NAMES = ("aws", "gcp", "openstack")

MIRROR = """provider_installation {
  filesystem_mirror {
    path = "%s"
  }
}
"""


def text(root: str) -> str:
    """Return all that is written in a root, its tests' files included."""
    folder = SOURCE / root
    return "\n".join(f.read_text() for f in sorted(folder.rglob("*.tf*")) if f.suffix != ".tfvars")


def provider(root: str) -> str:
    """Return the address of a root's provider, such as ``registry.terraform.io/hashicorp/aws``."""
    found = re.search(
        r'source\s*=\s*"([\w-]+/[\w-]+)"', (SOURCE / root / "versions.tf").read_text()
    )
    assert found, root
    return f"registry.terraform.io/{found[1]}"


def copied(folder: Path) -> Path:
    """Return a copy of terraform/, and beside it what it reads; the tree stays as it is."""
    left = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars")
    shutil.copytree(SOURCE, folder / "terraform", ignore=left)
    shutil.copy(REPOSITORY / "bootstrap.py", folder)
    return folder / "terraform"


def variables(root: str) -> dict[str, str]:
    """Return the types of a root's variables by their names."""
    found = re.findall(
        r'^variable "(\w+)" \{.*?^  type += (\S+)$',
        (SOURCE / root / "variables.tf").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    return dict(found)


def terraform(*words: str, cwd: Path, plugins: Mapping[str, str]) -> Process:
    """Run terraform with variables that tell where plugins are; it asks the network for none."""
    left = ("TF_", "COVERAGE_")
    known = {name: value for name, value in os.environ.items() if not name.startswith(left)}
    own = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"} | nowhere(cwd) | dict(plugins)
    return subprocess.run(
        ["terraform", *words], cwd=cwd, env=known | own, capture_output=True, text=True
    )


def nowhere(folder: Path) -> dict[str, str]:
    """Return settings with which terraform looks for plugins in an empty place."""
    return mirror(folder, folder / "no-plugins")


def mirror(folder: Path, plugins: Path) -> dict[str, str]:
    """Return settings, kept in ``folder``, with which terraform takes plugins from another."""
    file = folder / f".terraformrc-{plugins.name}"
    file.write_text(MIRROR % plugins)
    return {"TF_CLI_CONFIG_FILE": str(file)}


def platform() -> str:
    """Return what a plugin's folder is named after, such as ``linux_amd64``."""
    said = subprocess.run(["terraform", "version", "-json"], capture_output=True, check=True)
    return str(json.loads(said.stdout)["platform"])
