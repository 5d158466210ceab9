"""The roots, by terraform itself: with the providers' schemas, and with real plugins if there."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.terraform import providers, roots
from tests.terraform.conftest import Plugins

WITH = [(root, "schema") for root in roots.NAMES] + [(root, "real") for root in providers.there()]
with_plugins = pytest.mark.parametrize(("root", "plugin"), WITH, ids=lambda word: word)

OTHER_KEY = """
run "another_key" {
  variables {
    hub_yaml = "tests/edited.yaml"
    ssh_key  = "ssh-ed25519 BBBB anna"
  }

  assert {
    condition     = output.machine != run.replaced.machine && output.data_disk == run.made.data_disk
    error_message = "A machine takes a key when it is made; the disk is the same."
  }
}
"""
"""Where the key is a thing of its own, whose name stays."""

WORDS = {
    "aws": {
        "provider": "aws",
        "machine": "aws_instance.hub",
        "more": "",
        "defaults": 'mock_data "aws_subnets" {\n  defaults = { ids = ["subnet-a"] }\n}',
        "variables": "",
    },
    "gcp": {
        "provider": "google",
        "machine": "google_compute_instance.hub",
        "more": "",
        "defaults": "",
        "variables": "",
    },
    "openstack": {
        "provider": "openstack",
        "machine": "openstack_compute_instance_v2.hub",
        "defaults": 'mock_resource "openstack_networking_port_v2" {\n'
        '  defaults = { all_fixed_ips = ["10.0.0.5"] }\n}',
        "variables": 'machine_type = "m1.large"\nimage = "Debian 13"\n'
        'network = "class"\nfloating_pool = "public"\nssh_key = "ssh-ed25519 AAAA anna"',
        "more": OTHER_KEY,
    },
}
"""What replaced.tftest.hcl says otherwise for each root."""

Copy = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, plugins: Plugins) -> Copy:
    """Copies a root and makes it ready with the plugins of one kind; once for all tests."""

    @functools.cache
    def copy(root: str, plugin: str) -> Path:
        cwd = roots.copied(tmp_path_factory.mktemp(f"{root}-{plugin}")) / root
        done(roots.terraform("init", "-input=false", cwd=cwd, plugins=plugins[plugin]))
        return cwd

    return copy


def done(process: roots.Process) -> str:
    """Return what terraform said; it must have gone well."""
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_every_file_is_in_terraforms_own_form(tmp_path: Path) -> None:
    """``terraform fmt`` finds nothing to change."""
    cwd = roots.copied(tmp_path)
    done(roots.terraform("fmt", "-check", "-diff", "-recursive", cwd=cwd, plugins={}))


@with_plugins
def test_a_root_is_valid_and_plans_what_it_promises(
    root: str, plugin: str, ready: Copy, plugins: Plugins
) -> None:
    """A root passes terraform validate and its own terraform test: plans with mocked providers."""
    cwd = ready(root, plugin)

    done(roots.terraform("validate", "-no-color", cwd=cwd, plugins=plugins[plugin]))
    said = done(roots.terraform("test", "-no-color", cwd=cwd, plugins=plugins[plugin]))

    assert ", 0 failed" in said


@with_plugins
def test_a_machine_is_replaced_and_its_data_disk_stays(
    root: str, plugin: str, ready: Copy, plugins: Plugins
) -> None:
    """An edited hub.yaml leaves the machine, -replace renews it, the disk outlives even destroy."""
    process = replaced(root, ready(root, plugin), plugins[plugin])

    runs = 3 + WORDS[root]["more"].count("\nrun ")
    assert f"{runs} passed, 0 failed" in process.stdout, process.stderr
    assert "has lifecycle.prevent_destroy set" in " ".join(process.stderr.split())


@pytest.mark.parametrize("root", roots.NAMES)
def test_an_attribute_that_no_provider_has_is_found(
    root: str, ready: Copy, plugins: Plugins
) -> None:
    """The schemas of this folder are enough to find a word that was made up."""
    cwd = ready(root, "schema")
    wrong = cwd / "wrong.tf"
    made_up = (cwd / "disk.tf").read_text().replace('"data" {', '"wrong" {\n  siez = 3')
    wrong.write_text(made_up)

    process = roots.terraform("validate", "-no-color", cwd=cwd, plugins=plugins["schema"])
    wrong.unlink()

    assert 'An argument named "siez" is not expected here' in " ".join(process.stderr.split())


def test_the_roots_ask_the_same_questions() -> None:
    """Roots have fewer than 15 variables, and what they share has the same name and type."""
    asked = {root: roots.variables(root) for root in roots.NAMES}
    common = set.intersection(*(set(names) for names in asked.values()))

    assert all(len(names) < 15 for names in asked.values())
    assert common >= {
        "hub_yaml",
        "files",
        "package",
        "data_disk_gb",
        "ssh_from",
        "dns_zone",
        "name",
    }
    for name in common:
        assert len({asked[root][name] for root in roots.NAMES}) == 1, name


def replaced(root: str, cwd: Path, plugins: Mapping[str, str]) -> roots.Process:
    """Make a machine with a mocked provider, edit its hub.yaml, replace it, destroy all."""
    text = (Path(__file__).parent / "replaced.tftest.hcl").read_text()
    for word, value in WORDS[root].items():
        text = text.replace(f"@{word}@", value)
    (cwd / "tests" / "replaced.tftest.hcl").write_text(text)
    (cwd / "tests" / "edited.yaml").write_text(
        "hub: {url: 'https://hub.example.org', title: New}\n"
    )
    probe = f'output "machine" {{\n  value = {WORDS[root]["machine"]}.id\n}}\n'
    (cwd / "probe.tf").write_text(probe)
    test = ("test", "-no-color", "-filter=tests/replaced.tftest.hcl")
    return roots.terraform(*test, cwd=cwd, plugins=plugins)
