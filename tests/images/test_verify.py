"""Each image of the collection does what its recipe promises, as a student's container would."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from opendata_hub import catalogue
from opendata_hub.errors import MachineError
from opendata_hub.machine.verify import verify
from tests.conftest import STARTER
from tests.images.conftest import BUILT, ROOT

SAMPLE = {"sample": ROOT / "datasets" / "sample"}
FOLDER = os.environ.get("OPENDATA_HUB_TEST_DATA")
REAL = {"real": Path(FOLDER)} if FOLDER else {}

CHAINS = {
    "starter": ["base", "starter"],
    "python": ["base", "starter", "python"],
    "root": ["base", "starter", "python", "root"],
    "ml": ["base", "starter", "python", "ml"],
}


@pytest.mark.parametrize(
    ("slug", "data"),
    # The proofs that read data are those of python and root, and both run in root.
    [*((slug, SAMPLE) for slug in CHAINS), *([("root", REAL)] if REAL else [])],
    ids=lambda given: given if isinstance(given, str) else next(iter(given)),
)
def test_an_image_proves_itself(
    engine: docker.DockerClient,
    built: Callable[[str], catalogue.Image],
    slug: str,
    data: dict[str, Path],
) -> None:
    """Its notebooks run within its memory, and so do those of the images below it."""
    image = built(slug)
    assert image.build
    lines = verify(engine, image.image, image.build, print, data, image.memory)
    assert [line.partition(":")[0] for line in lines] == CHAINS[slug]


def test_the_collection_is_what_its_folder_says() -> None:
    """Each recipe has what the design asks: a Dockerfile, a README with a size, and a proof."""
    folders = {path.parent.name for path in (ROOT / "images").glob("*/Dockerfile")}
    assert folders == {"base", *BUILT} and set(CHAINS) == set(BUILT)
    for name in folders:
        folder = ROOT / "images" / name
        assert os.access(folder / "verify", os.X_OK), folder
        assert "MB" in (folder / "README.md").read_text(), folder


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[Path]:
    """A recipe on another one, neither of which has a proof yet."""
    for name, base in (("lower", "scratch"), ("upper", "opendata-hub/lower:1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(f"FROM {base}\n")
    yield tmp_path / "upper"


def _proof(recipe: Path, script: str, mode: int = 0o755) -> None:
    (recipe / "verify").write_text(f"#!/bin/sh -e\n{script}\n")
    (recipe / "verify").chmod(mode)


def test_a_parents_proof_runs_first_and_on_its_child(
    engine: docker.DockerClient, recipe: Path
) -> None:
    """What an image promises, all that stand on it keep."""
    _proof(recipe.with_name("lower"), "echo low is fine")
    _proof(recipe, "touch ~/mine && cat /data/set/file && ! touch /recipe/no && echo up is fine")
    data = {"set": recipe.parent / "set"}
    data["set"].mkdir()
    (data["set"] / "file").write_text("measured\n")
    said: list[str] = []
    lines = verify(engine, STARTER, recipe, said.append, data)
    assert lines == ["low is fine", "up is fine"]
    assert said[:2] == [f"Trying {STARTER}: lower/verify", "  low is fine"]
    assert "  measured" in said


def test_a_proof_that_fails_says_so_with_its_last_lines(
    engine: docker.DockerClient, recipe: Path
) -> None:
    """Whoever makes an image reads what went wrong; nothing is left behind."""
    _proof(recipe, "echo one; printf 'no newline'; exit 3")
    with pytest.raises(MachineError, match=r"(?s)exit code 3\. The last.*one\nno newline"):
        verify(engine, STARTER, recipe, print)
    left = engine.containers.list(all=True, filters={"label": "org.opendata-hub.role=verify"})
    assert not left


def test_a_proof_that_is_no_program_is_named(engine: docker.DockerClient, recipe: Path) -> None:
    """A forgotten chmod is said by the image's tini, a missing image by the engine."""
    _proof(recipe, "true", mode=0o644)
    with pytest.raises(MachineError, match=r"exec /recipe/verify failed: Permission denied"):
        verify(engine, STARTER, recipe, print)
    with pytest.raises(MachineError, match=r"verify cannot run in opendata-hub/none:1: No such"):
        verify(engine, "opendata-hub/none:1", recipe, print)


def test_a_folder_beside_is_not_needed_for_a_proof(
    engine: docker.DockerClient, recipe: Path
) -> None:
    """An image that stands on one of ours may have its recipe anywhere."""
    _proof(recipe, "echo fine")
    (recipe / "Dockerfile").write_text(f"FROM {STARTER}\n")
    assert verify(engine, STARTER, recipe, print) == ["fine"]


def test_a_recipe_without_a_proof_is_refused(engine: docker.DockerClient, recipe: Path) -> None:
    """No proof is no success."""
    with pytest.raises(MachineError, match="upper has no file verify; add one, executable"):
        verify(engine, STARTER, recipe, print)
