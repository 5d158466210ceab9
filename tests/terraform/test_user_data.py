"""The module that renders user-data: by its own tests, and against what the package prints."""

import base64
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from opendata_hub import places
from opendata_hub.install import user_data
from opendata_hub.site import Site
from tests.terraform import roots

SITE = (
    "site: {http_proxy: 'http://proxy.example.org:3128', no_proxy: [.example.org], ca_bundle: %s}\n"
)
CASES: dict[str, dict[str, Any]] = {
    "plain": {"hub_yaml": "hub: {title: Füße, url: 'https://hub.example.org'}\n"},
    "whole": {
        "hub_yaml": SITE % "ca.pem" + 'login: {method: "native"}\n',
        "files": {"ca.pem": "PEM\n", "classes/b.csv": "ö,b\n", "classes/a.csv": "a\n"},
        "package": "opendata-hub @ https://example.org/it's $(here)/x.whl",
        "data_disk": "/dev/disk/by-id/*data*",
    },
    "an authority that the machine has": {"hub_yaml": "site: {ca_bundle: /etc/ssl/site.pem}\n"},
    "a site that is empty": {"hub_yaml": "site:\nhub:\n"},
}
EVERY = """variable "cases" {
  type = any
}

module "case" {
  for_each  = var.cases
  source    = "../modules/user-data"
  hub_yaml  = each.value.hub_yaml
  files     = lookup(each.value, "files", {})
  package   = lookup(each.value, "package", "opendata-hub")
  data_disk = lookup(each.value, "data_disk", null)
}

output "cases" {
  value = module.case
}
"""

Rendered = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of terraform/."""
    return roots.copied(tmp_path_factory.mktemp("module"))


@pytest.fixture(scope="module")
def rendered(copy: Path) -> Rendered:
    """The module's outputs for each case, by terraform itself."""
    cwd = copy / "every"
    cwd.mkdir()
    (cwd / "main.tf").write_text(EVERY)
    (cwd / "cases.auto.tfvars.json").write_text(json.dumps({"cases": CASES}))
    for words in (("init",), ("apply", "-auto-approve"), ("output", "-json", "cases")):
        ran = roots.terraform(*words, cwd=cwd, plugins={})
        assert ran.returncode == 0, ran.stderr
    outputs: Rendered = json.loads(ran.stdout)
    return outputs


def parsed(text: str) -> dict[str, Any]:
    """A cloud-config with its files unpacked."""
    assert text.startswith("#cloud-config\n")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    for entry in content["write_files"]:
        entry["content"] = gzip.decompress(base64.b64decode(entry["content"])).decode()
    return content


def test_the_module_passes_its_own_tests(copy: Path) -> None:
    """``terraform test`` on the module: contents, order, and what it refuses."""
    cwd = copy / "modules" / "user-data"
    for words in (("init",), ("test", "-no-color")):
        ran = roots.terraform(*words, cwd=cwd, plugins={})
        assert ran.returncode == 0, ran.stdout + ran.stderr

    assert ", 0 failed" in ran.stdout


@pytest.mark.parametrize("name", CASES)
def test_it_renders_what_the_package_prints(name: str, rendered: Rendered) -> None:
    """Files, permissions and command are those of ``opendata-hub cloud-init``."""
    case = CASES[name]
    site = (YAML(typ="safe").load(case["hub_yaml"]) or {}).get("site") or {}
    ours = user_data.render(
        case["hub_yaml"],
        {path: text.encode() for path, text in case.get("files", {}).items()},
        Site(**site | ({"no_proxy": tuple(site["no_proxy"])} if "no_proxy" in site else {})),
        case.get("package", user_data.PACKAGE),
        case.get("data_disk"),
    )

    assert parsed(rendered[name]["user_data"]) == parsed(ours)


@pytest.mark.parametrize("name", CASES)
def test_its_short_form_is_the_same(name: str, rendered: Rendered) -> None:
    """What is compressed for AWS is the user-data."""
    short = gzip.decompress(base64.b64decode(rendered[name]["base64gzip"]))

    assert short.decode() == rendered[name]["user_data"]


@pytest.mark.parametrize("name", CASES)
def test_the_startup_script_does_the_same_once(
    name: str, rendered: Rendered, tmp_path: Path
) -> None:
    """A machine without cloud-init gets the same files and runs the same command, once."""
    script = rendered[name]["startup_script"]
    asked = parsed(rendered[name]["user_data"])
    told = tmp_path / "told"
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\nprintf '%s\\0' python3 \"$@\" >> {told}\n")
    python.chmod(0o755)
    path = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
    for folder in (places.CONFIG, places.PROGRAM):
        script = script.replace(str(folder), f"{tmp_path}{folder}")

    for _boot in range(2):
        subprocess.run(["bash"], input=script, text=True, check=True, env=os.environ | path)

    for entry in asked["write_files"]:
        file = Path(f"{tmp_path}{entry['path']}")
        assert file.read_text() == entry["content"]
        assert file.stat().st_mode & 0o777 == int(entry["permissions"], 8)
    (command,) = asked["runcmd"]
    words = told.read_text().replace(str(tmp_path), "").split("\0")[:-1]
    assert words == command[command.index("python3") :]
