"""bootstrap.py: what it writes, shows and says before the package is there."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import trustme

from opendata_hub import places

FILE = places.ASSETS / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, with its places below a folder of the test's."""
    spec = importlib.util.spec_from_file_location("bootstrap", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RUN", tmp_path)
    monkeypatch.setattr(module, "STATUS", tmp_path / "install.json")
    monkeypatch.setattr(module, "PROGRAM", tmp_path / "opt")
    return module


def test_it_needs_the_distributions_python_alone() -> None:
    """On a fresh machine there is nothing else: isolated from all that is installed, it runs."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", FILE, "--help"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    for option in ("--package", "--config", "--data-disk", "--bundle", "--page"):
        assert option in done.stdout


def test_status_tells_each_step(bootstrap: ModuleType) -> None:
    """Before, at and after the one that is under way; everybody may read the file."""
    bootstrap.write_status(bootstrap.STEPS[1])

    status = bootstrap.read_status()
    assert [step["state"] for step in status["steps"]] == ["done", "running"]
    assert status["problem"] is None
    assert status["url"] is None
    assert bootstrap.STATUS.stat().st_mode & 0o777 == 0o644


def test_status_tells_what_went_wrong(bootstrap: ModuleType) -> None:
    """The step, and a sentence."""
    bootstrap.write_status(bootstrap.STEPS[0], "apt-get could not install git.")

    status = bootstrap.read_status()
    assert [step["state"] for step in status["steps"]] == ["failed", "waiting"]
    assert status["problem"] == "apt-get could not install git."


def test_the_page_keeps_problems_to_the_machine(bootstrap: ModuleType) -> None:
    """Passers-by learn that something failed, and the administrator where it is said."""
    steps = [{"name": "Images <1>", "state": "failed", "since": 0}]
    page = bootstrap.page({"steps": steps, "problem": "ghp_token is wrong", "url": None}).decode()

    assert "ghp_token" not in page
    assert "opendata-hub install --status" in page
    assert '<li class="failed">✗ Images &lt;1&gt;</li>' in page


def test_the_page_leads_to_the_hub(bootstrap: ModuleType) -> None:
    """Its address is there as soon as it is known."""
    page = bootstrap.page({"steps": [], "problem": None, "url": "https://hub.example.org"})

    assert '<a href="https://hub.example.org">' in page.decode()


@pytest.mark.parametrize("broken", ["", "{"])
def test_the_page_bears_a_broken_status(bootstrap: ModuleType, broken: str) -> None:
    """A page without steps is better than none."""
    bootstrap.STATUS.write_text(broken)

    assert b"This hub is being set up" in bootstrap.page(bootstrap.read_status())


def test_the_policy_lets_its_own_script_run_alone(bootstrap: ModuleType) -> None:
    """The page's script and style are named in it by what they are."""
    page = bootstrap.page({}).decode()

    assert f"<script>{bootstrap.SCRIPT}</script>" in page
    assert f"<style>{bootstrap.STYLE}</style>" in page
    assert bootstrap.fingerprint("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


def test_an_environment_that_is_there_is_taken(bootstrap: ModuleType) -> None:
    """A second run goes on to install; versions change by upgrade alone."""
    program = bootstrap.PROGRAM / "current/bin/opendata-hub"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    assert bootstrap.install_package("opendata-hub==99") == program


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/python-of-yesterday\n"])
def test_an_environment_that_does_not_run_is_made_anew(
    script: str, bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The distribution has another Python since an upgrade of its own."""
    program = bootstrap.PROGRAM / "current/bin/opendata-hub"
    program.parent.mkdir(parents=True)
    program.write_text(script)
    program.chmod(0o755)
    venv = tmp_path / "python"
    venv.write_text(f'#!/bin/sh\nmkdir -p "$4/bin" && cp {shutil.which("true")} "$4/bin/python"\n')
    venv.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(venv))

    made = bootstrap.install_package("opendata-hub==99")

    assert made == bootstrap.PROGRAM / "versions/first/bin/opendata-hub"


def test_nobody_but_root(tmp_path: Path) -> None:
    """Anybody else is told how, at once."""
    code = "import os; os.geteuid = lambda: 1000; import runpy; runpy.run_path({!r}, run_name={!r})"
    command = [sys.executable, "-c", code.format(str(FILE), "__main__")]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.strip().endswith("sudo python3 bootstrap.py")


def test_status_is_json_for_programs(bootstrap: ModuleType) -> None:
    """Steps have a name, a state, and since when."""
    bootstrap.write_status(None)

    content = json.loads(bootstrap.STATUS.read_text())
    assert set(content) == {"steps", "problem", "url"}
    assert {tuple(step) for step in content["steps"]} == {("name", "state", "since")}


def test_the_sites_authority_is_trusted_and_no_key_beside_it_shown(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip then takes the machine's list, which has the others as well."""
    program, site, given = (tmp_path / name for name in ("update-ca-certificates", "crt", "pem"))
    authority = trustme.CA()
    given.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    program.write_text(f"#!/bin/sh\necho made > {tmp_path}/list\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PIP_CERT", str(given))
    monkeypatch.setattr(bootstrap, "SITE", site)

    bootstrap.trust_site()

    assert site.read_text().strip() == authority.cert_pem.bytes().decode().strip()
    assert (tmp_path / "list").exists()
    assert os.environ["PIP_CERT"] == bootstrap.TRUST
