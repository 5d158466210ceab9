"""`opendata-hub images`: what a trainer sees of the collection, builds and proves."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from click.testing import CliRunner, Result

from opendata_hub.cli import main
from tests.conftest import STARTER


@pytest.fixture
def mine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: docker.DockerClient,
    new_name: Callable[[str], str],
) -> Iterator[str]:
    """A hub.yaml with the reference that is given, built from a recipe, and an image elsewhere."""
    reference = f"opendata-hub/{new_name('mine')}:1"
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    (recipe / "Dockerfile").write_text(f"FROM {STARTER}\nCOPY greeting /greeting\n")
    (recipe / "greeting").write_text("hello\n")
    (recipe / "verify").write_text("#!/bin/sh\nls /data\ncat /greeting\n")
    (recipe / "verify").chmod(0o755)
    (tmp_path / "hub.yaml").write_text(
        "images:\n"
        f"- {{slug: mine, display_name: Mine, image: '{reference}', build: recipe}}\n"
        "- {slug: far, display_name: Far, image: 'localhost:1/far:1'}\n"
    )
    monkeypatch.chdir(tmp_path)
    yield reference
    for image in engine.images.list(reference):
        engine.images.remove(image.id, force=True)


def _run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["images", *arguments], catch_exceptions=False)
    print(result.output)
    return result


def _listed() -> dict[str, dict[str, object]]:
    return {item["slug"]: item for item in json.loads(_run("list", "--json").stdout)}


def test_an_image_is_listed_built_and_proved(mine: str, tmp_path: Path) -> None:
    """From "not built" to a proof that passes, and to a recipe that changed since."""
    before = _listed()
    assert before["mine"]["state"] == "not built" and before["mine"]["size"] is None
    assert before["far"]["state"] == "not downloaded"
    assert f"mine is built: {mine}, " in _run("build").stdout
    after = _listed()["mine"]
    assert after["state"] == "ready" and str(after["digest"]).startswith("sha256:")
    assert isinstance(after["size"], int) and after["size"] > 10**8
    assert "mine: hello\n" in _run("test", "mine").stdout
    (tmp_path / "recipe" / "greeting").write_text("good morning\n")
    table = _run("list").stdout
    assert "recipe changed" in table and "just made" in table and "not downloaded" in table


def test_a_proof_sees_the_data_that_is_named(mine: str, tmp_path: Path) -> None:
    """One's own data for one's own proof, besides the sample."""
    _run("build", "mine")
    (tmp_path / "recipe" / "verify").write_text("#!/bin/sh\nls -m /data\n")
    assert "mine: real, sample" in _run("test", "--data", str(tmp_path)).stdout


def test_a_changed_proof_is_no_changed_image(mine: str, tmp_path: Path) -> None:
    """What .dockerignore leaves out does not build an image anew, nor those that stand on it."""
    (tmp_path / "recipe" / ".dockerignore").write_text(
        "# not in the image\nverify\n.dockerignore\n"
    )
    _run("build")
    (tmp_path / "recipe" / "verify").write_text("#!/bin/sh\nexit 1\n")
    assert _listed()["mine"]["state"] == "ready"
    failed = _run("test")
    assert failed.exit_code == 1 and "exit code 1" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "mien"], "No image 'mien' in the catalogue (mine, far). Did you mean 'mine'?"),
        (["test", "far"], "Image 'far' has no recipe"),
        (["test"], "cannot run in opendata-hub/mine"),
        (["list", "--config", "other.yaml"], "other.yaml does not exist"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(mine: str, arguments: list[str], words: str) -> None:
    """It names what there is, and comes with exit code 1."""
    result = _run(*arguments)
    assert result.exit_code == 1 and words in result.stderr
