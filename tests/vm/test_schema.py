"""User-data, judged by the cloud-init of a fresh machine."""

import subprocess
from pathlib import Path

import pytest

from opendata_hub.install import user_data
from opendata_hub.site import Site
from tests.terraform import roots

HUB = "hub: {title: Muons, url: 'https://hub.example.org'}\nsite: {ca_bundle: ca.pem}\n"
DISK = "/dev/disk/by-id/google-data"
MODULE = """module "hub" {
  source    = "../modules/user-data"
  hub_yaml  = file("hub.yaml")
  files     = { "ca.pem" = "PEM" }
  data_disk = "%s"
}

output "text" {
  value = module.hub.user_data
}
"""


def by_package(folder: Path) -> str:
    """User-data as ``opendata-hub cloud-init`` makes it."""
    return user_data.render(HUB, {"ca.pem": b"PEM"}, Site(ca_bundle="ca.pem"), data_disk=DISK)


def by_terraform(folder: Path) -> str:
    """User-data as the Terraform roots make it."""
    cwd = roots.copied(folder) / "schema"
    cwd.mkdir()
    (cwd / "main.tf").write_text(MODULE % DISK)
    (cwd / "hub.yaml").write_text(HUB)
    for words in (("init",), ("apply", "-auto-approve"), ("output", "-raw", "text")):
        ran = roots.terraform(*words, cwd=cwd, plugins={})
        assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("renderer", ["package", "terraform"])
def test_cloud_init_finds_no_fault_in_it(renderer: str, fresh: Path, tmp_path: Path) -> None:
    """``cloud-init schema`` of the fresh machine calls it valid, and warns of nothing."""
    text = {"package": by_package, "terraform": by_terraform}[renderer](tmp_path)
    (tmp_path / "user-data").write_text(text)

    # The disk stays as it is: what is mounted is seen by this command only.
    mount = f'mount --bind "{tmp_path}" "{fresh}/mnt"'
    script = f'{mount} && chroot "{fresh}" cloud-init schema -c /mnt/user-data'
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Valid" in ran.stdout
    assert "deprecat" not in (ran.stdout + ran.stderr).lower()
