"""``opendata-hub doctor`` on a real machine with a real engine."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import CliRunner, Result

from opendata_hub import places
from opendata_hub.cli import main
from opendata_hub.homes import LABEL
from opendata_hub.machine import recipes
from tests.conftest import STARTER
from tests.ports import free_hub_port

WIDTH = 80


class Machine:
    """A folder with a hub.yaml, and the doctor that looks at it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {
            "hub": {"url": f"http://localhost:{port}"},
            "images": [{"slug": "starter", "display_name": "Starter", "image": STARTER}],
        }

    def ask(self, **settings: Any) -> Result:
        """Run the doctor with these settings besides the usual ones; JSON is YAML too."""
        file = self.folder / "hub.yaml"
        file.write_text(json.dumps({**self.settings, **settings}))
        return CliRunner().invoke(main, ["doctor"], catch_exceptions=False)


def line(output: str, name: str) -> str:
    """The finding of that name as one line, with its mark and its fix."""
    found: list[str] = []
    for text in output.splitlines():
        if not text.startswith(" "):
            found.append("")
        found[-1] += f" {text}"
    (match,) = (" ".join(f.split()) for f in found if f" {name}: " in f)
    return match


def build(recipe: Path, tag: str) -> None:
    """Make an image as ./start does."""
    with closing(docker.from_env()) as client:
        recipes.build(client, recipe, tag, lambda line: None)


@pytest.fixture
def free_port() -> int:
    """A port that nobody has, nor those that follow from it."""
    return free_hub_port()


@pytest.fixture
def machine(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> Machine:
    """The doctor in a folder of its own with a short name, on a terminal of 80 columns."""
    folder = tmp_path_factory.mktemp("lab")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    return Machine(folder, free_port)


@pytest.fixture
def made(
    client: docker.APIClient, machine: Machine, new_name: Callable[[str], str]
) -> Iterator[Callable[[str], dict[str, str]]]:
    """Makes an image from a recipe with these lines; returns its entry of a catalogue."""
    tags = []

    def make(lines: str) -> dict[str, str]:
        name = new_name("doctor")
        tags.append(f"opendata-hub/{name}:1")
        recipe = machine.folder / name
        recipe.mkdir()
        (recipe / "Dockerfile").write_text(f"FROM scratch\nLABEL name={name}\n{lines}\n")
        build(recipe, tags[-1])
        return {"slug": name, "display_name": name, "image": tags[-1], "build": name}

    yield make
    for tag in tags:
        client.remove_image(tag, force=True)


def test_a_machine_that_is_ready_gets_exit_code_0(machine: Machine) -> None:
    """One line per check, none wider than the terminal but for what is to be copied; no fault."""
    (machine.folder / "cms").mkdir(mode=0o755)
    result = machine.ask(datasets={"cms": "cms"})

    assert result.exit_code == 0, result.output
    for name in ("Settings", "Engine", "Limits", "Ports", "Proxy", "Image starter", "Dataset cms"):
        assert line(result.output, name).startswith("ok "), result.output
    folded = [text for text in result.output.splitlines() if "Look: " not in text]
    assert all(len(text) <= WIDTH for text in folded)
    assert "images, homes" in line(result.output, "Disk")


def test_an_image_that_was_never_made_is_a_fault(machine: Machine) -> None:
    """Only a recipe can make it."""
    (machine.folder / "recipe").mkdir()
    (machine.folder / "recipe" / "Dockerfile").write_text("FROM scratch\n")
    images = [{"slug": "a", "display_name": "A", "image": "opendata-hub/no:1", "build": "recipe"}]
    result = machine.ask(images=images)

    assert result.exit_code == 1
    assert line(result.output, "Image a").startswith("FAULT Image a: it is not made yet")
    assert line(result.output, "Image a").endswith("Fix: ./start --prepare")


def test_an_image_still_to_be_pulled_is_worth_a_word(machine: Machine) -> None:
    """Somebody will wait for it, but it will come."""
    images = [{"slug": "far", "display_name": "Far", "image": "registry.invalid/far:1"}]
    result = machine.ask(images=images)

    assert result.exit_code == 0
    assert line(result.output, "Image far").endswith("Fix: opendata-hub images pull far")
    assert "warning" in result.output.splitlines()[-1]


def test_a_name_that_no_image_can_have_is_a_fault(machine: Machine) -> None:
    """The engine's own words say why."""
    result = machine.ask(images=[{"slug": "bad", "display_name": "Bad", "image": "Not A Name"}])

    assert result.exit_code == 1
    assert "invalid reference format" in line(result.output, "Image bad")


def test_a_recipe_that_changed_is_worth_a_word(
    machine: Machine, made: Callable[[str], dict[str, str]]
) -> None:
    """Students would work in yesterday's image."""
    entry = made("")
    name = f"Image {entry['slug']}"

    assert line(machine.ask(images=[entry]).output, name).startswith("ok ")

    (machine.folder / entry["build"] / "new.txt").touch()

    assert "changed since it was made" in line(machine.ask(images=[entry]).output, name)


def test_a_changed_recipe_below_counts_too(
    machine: Machine, client: docker.APIClient, made: Callable[[str], dict[str, str]]
) -> None:
    """An image is as old as what it stands on."""
    base = made("")
    child = {**base, "slug": "child", "image": f"{base['image']}-child", "build": "child"}
    recipe = machine.folder / "child"
    recipe.mkdir()
    (recipe / "Dockerfile").write_text(f"FROM {base['image']}\nLABEL x=y\n")
    build(recipe, child["image"])
    try:
        before = line(machine.ask(images=[child]).output, "Image child")
        (machine.folder / base["build"] / "new.txt").touch()
        after = line(machine.ask(images=[child]).output, "Image child")
    finally:
        client.remove_image(child["image"])

    assert before.startswith("ok ")
    assert after.startswith("warning ")


def test_an_image_from_before_hubs_had_roles_is_a_warning(
    machine: Machine, made: Callable[[str], dict[str, str]]
) -> None:
    """Students get in, admins and services do not."""
    entry = made(f"LABEL {LABEL}.jupyterhub=1.5.1")
    result = machine.ask(images=[entry])

    said = line(result.output, f"Image {entry['slug']}")
    assert said.startswith("warning ")
    assert "JupyterHub 1.5.1 inside" in said


def test_a_recipe_without_its_base_is_a_fault(machine: Machine) -> None:
    """The line names the file that is missing."""
    (machine.folder / "recipe").mkdir()
    (machine.folder / "recipe" / "Dockerfile").write_text("FROM opendata-hub/nowhere:1\n")
    images = [{"slug": "a", "display_name": "A", "image": STARTER, "build": "recipe"}]

    assert "nowhere/Dockerfile" in line(machine.ask(images=images).output, "Image a")


def test_a_dataset_that_servers_cannot_read_is_a_fault(machine: Machine) -> None:
    """It is there, but not for uid 1000."""
    folder = machine.folder / "closed"
    folder.mkdir()
    folder.chmod(0o000)
    result = machine.ask(datasets={"closed": "closed"})
    folder.chmod(0o700)

    assert result.exit_code == 1
    assert line(result.output, "Dataset closed").endswith(f"Fix: sudo chmod a+rx {folder}")


def test_a_port_that_is_taken_is_a_fault(machine: Machine, free_port: int) -> None:
    """The line names the process, and a port to take instead."""
    with socket.create_server(("127.0.0.1", free_port + 1)):
        result = machine.ask()

    assert result.exit_code == 1
    assert f"(process {os.getpid()})" in line(result.output, f"Port {free_port + 1}")
    assert "Fix: ./start --port" in line(result.output, f"Port {free_port + 1}")


def test_an_engine_that_does_not_answer_is_a_fault(machine: Machine) -> None:
    """The other checks go on. The installed command says it: as a program, in a shell."""
    machine.ask()
    program = Path(sys.executable).with_name("opendata-hub")
    environment = {**os.environ, "DOCKER_HOST": "unix:///nonexistent"}
    done = subprocess.run(
        [program, "doctor"], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert "DOCKER_HOST=unix:///nonexistent" in line(done.stdout, "Engine")
    assert line(done.stdout, "Images").startswith("warning ")
    assert line(done.stdout, "Memory")
    assert line(done.stdout, "Ports").startswith("ok ")


def test_faults_of_hub_yaml_are_told_and_the_rest_is_looked_at(machine: Machine) -> None:
    """Each fault is a line; without a catalogue, what needs one is left out."""
    result = machine.ask(limits={"memory": 3, "cpu": 0})

    assert result.exit_code == 1
    assert result.output.count("FAULT    Settings: hub.yaml: limits.") == 2
    assert line(result.output, "Engine").startswith("ok ")


def test_a_file_that_does_not_exist_is_a_fault(machine: Machine) -> None:
    """A path that was asked for is not passed over."""
    result = CliRunner().invoke(main, ["doctor", "--config", "nope.yaml"])

    assert result.exit_code == 1
    assert "nope.yaml does not exist" in result.output


def test_for_programs_it_is_json(machine: Machine) -> None:
    """The same findings, with levels as words; the exit code is as ever."""
    machine.ask(limits={"memory": 3})
    result = CliRunner().invoke(main, ["doctor", "--json"])
    told = json.loads(result.output)
    levels = [finding["level"] for finding in told["findings"]]

    assert result.exit_code == 1
    assert told["faults"] == levels.count("fault") > 0
    assert told["warnings"] == levels.count("warning") > 0
    assert told["findings"][0]["name"] == "Settings"
    assert all(finding["text"] for finding in told["findings"])


def test_without_hub_yaml_all_is_default(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for ./start, of a package that is no checkout."""
    monkeypatch.setattr(places, "IS_CHECKOUT", False)
    monkeypatch.setattr(places, "CONFIG", machine.folder / "none")
    result = CliRunner().invoke(main, ["doctor"])

    assert "everything has its default" in line(result.output, "Settings")
