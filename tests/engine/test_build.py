"""Recipe folders become images on a real engine; the base is bootstrapped and imported."""

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from opendata_hub import catalogue
from opendata_hub.errors import MachineError
from opendata_hub.machine import daemon, debian, images, packages, recipes, trust
from tests.ports import free_ports
from tests.registries import registry


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine."""
    client = daemon.connect()
    yield client
    client.close()


@pytest.fixture
def tag(engine: docker.DockerClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """A reference for the image under test, which is removed in the end."""
    reference = f"opendata-hub/{new_name('test')}:1"
    yield reference
    _remove(engine, reference)


def _remove(engine: docker.DockerClient, reference: str) -> None:
    if engine.images.list(reference):
        engine.images.remove(reference, force=True)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe that needs no other image and no network."""
    return _recipe(tmp_path / "small", "FROM scratch\nCOPY greeting /greeting\n")


def _recipe(folder: Path, dockerfile: str) -> Path:
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "greeting").write_text("hello")
    return folder


def _nothing(line: str) -> None:
    raise AssertionError(f"nothing was to do, but: {line}")


def test_an_unchanged_recipe_is_not_built_again(
    engine: docker.DockerClient, recipe: Path, tag: str
) -> None:
    """The second start takes seconds."""
    said: list[str] = []
    built = recipes.build(engine, recipe, tag, said.append)
    assert said[0].startswith(f"Building {tag}") and any("COPY greeting" in line for line in said)
    assert recipes.build(engine, recipe, tag, _nothing) == built
    assert engine.images.get(tag).labels["org.opendata-hub.role"] == "image"


def test_a_changed_recipe_replaces_its_image(
    engine: docker.DockerClient, recipe: Path, tag: str
) -> None:
    """A trainer edits the folder and starts again; the old version does not fill the disk."""
    before = recipes.build(engine, recipe, tag, print)
    (recipe / "greeting").write_text("good morning")
    after = recipes.build(engine, recipe, tag, print)
    assert after != before
    with pytest.raises(ImageNotFound):
        engine.images.get(before)


def test_an_image_in_use_survives_its_new_version(
    engine: docker.DockerClient, recipe: Path, tag: str
) -> None:
    """A server that runs on the old version is left alone."""
    before = recipes.build(engine, recipe, tag, print)
    container = engine.containers.create(before, "none")
    try:
        (recipe / "greeting").write_text("good morning")
        recipes.build(engine, recipe, tag, print)
        assert engine.images.get(before).id == before
    finally:
        container.remove()
        engine.images.remove(before)


def test_an_image_is_built_after_the_one_it_stands_on(
    engine: docker.DockerClient, recipe: Path, tag: str, new_name: Callable[[str], str]
) -> None:
    """FROM names the folder beside; what changes there changes what stands on it."""
    parent = recipe.rename(recipe.with_name(new_name("parent")))
    child = _recipe(recipe.with_name("child"), f"FROM opendata-hub/{parent.name}:1\nENV A=1\n")
    try:
        before = recipes.build(engine, child, tag, print)
        (parent / "greeting").write_text("good morning")
        assert recipes.build(engine, child, tag, print) != before
    finally:
        _remove(engine, tag)
        _remove(engine, f"opendata-hub/{parent.name}:1")


def test_the_hubs_version_goes_into_images_that_ask_for_it(
    engine: docker.DockerClient, tmp_path: Path, tag: str
) -> None:
    """Hub and server always fit: the build gets the version of this very hub."""
    lines = "FROM scratch\nARG JUPYTERHUB_VERSION\nLABEL hub=$JUPYTERHUB_VERSION\nCOPY greeting /\n"
    recipes.build(engine, _recipe(tmp_path / "asks", lines), tag, print)
    assert engine.images.get(tag).labels["hub"] == version("jupyterhub")


def test_a_failing_step_is_an_error_with_its_last_lines(
    engine: docker.DockerClient, tmp_path: Path, tag: str
) -> None:
    """The engine answers 200 and writes the error into the stream; it is not lost."""
    base = _recipe(
        tmp_path / "fails",
        f"FROM {debian.REPOSITORY}:bookworm\nRUN echo about to fail && exit 7\n",
    )
    with pytest.raises(MachineError, match=r"(?s)returned a non-zero code: 7.*about to fail"):
        recipes.build(engine, base, tag, print)


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        ("FROM opendata-hub/nowhere:1\n", "there is no .*nowhere/Dockerfile; add it"),
        ("LABEL a=b\n", "has no FROM line"),
        ("FROM scratch\nCOPY nothing /\n", "cannot be built: .*nothing"),
        ("FROM scratch\nDANCE\n", "cannot be built: .*DANCE"),
    ],
)
def test_a_faulty_recipe_is_refused_by_name(
    engine: docker.DockerClient, tmp_path: Path, tag: str, dockerfile: str, words: str
) -> None:
    """The sentence names what is wrong in the Dockerfile."""
    with pytest.raises(MachineError, match=words):
        recipes.build(engine, _recipe(tmp_path / "faulty", dockerfile), tag, print)


def test_a_recipe_without_a_dockerfile_is_refused(
    engine: docker.DockerClient, tmp_path: Path, tag: str
) -> None:
    """A folder alone is no recipe."""
    with pytest.raises(MachineError, match="Dockerfile cannot be read"):
        recipes.build(engine, tmp_path, tag, print)


@pytest.fixture
def small_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A debootstrap that makes a tree of two files at once, in place of a system in a minute."""
    script = tmp_path / "debootstrap"
    script.write_text(
        '#!/bin/sh\neval root=\\${$(($# - 1))}\nmkdir -p "$root/etc/apt" "$root/var/log"\n'
        'echo hello > "$root/etc/greeting"\necho noise > "$root/var/log/setup"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", packages.path())
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def _text(engine: docker.DockerClient, image: str, path: str) -> bytes:
    container = engine.containers.create(image, "none")
    try:
        return b"".join(container.get_archive(path)[0])
    finally:
        container.remove()


def test_the_base_is_imported_once_with_this_machines_trust(
    engine: docker.DockerClient, small_debian: None, new_name: Callable[[str], str]
) -> None:
    """No registry is asked; whoever this machine trusts, the image trusts, pip included."""
    suite = new_name("suite")
    try:
        made = debian.ensure(engine, suite, print)
        assert debian.ensure(engine, suite, _nothing) == made
        assert f"PIP_CERT={trust.BUNDLE}" in engine.images.get(made).attrs["Config"]["Env"]
        assert trust.BUNDLE.read_bytes()[:1000] in _text(engine, made, str(trust.BUNDLE))
        assert f"{suite}-security".encode() in _text(engine, made, "/etc/apt/sources.list")
        with pytest.raises(docker.errors.NotFound):
            _text(engine, made, "/var/log/setup")
    finally:
        _remove(engine, f"{debian.REPOSITORY}:{suite}")


def test_only_root_can_make_the_base(
    engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user in the docker group reads which command root runs once."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(MachineError, match=r"sudo ./start --prepare"):
        debian.ensure(engine, "none", print)


def _catalogue(image: str, recipe: Path | None = None) -> catalogue.Catalogue:
    entry = {"slug": "one", "display_name": "One", "image": image}
    return catalogue.load([{**entry, "build": str(recipe)} if recipe else entry])


def test_an_entry_without_a_registry_is_built(
    engine: docker.DockerClient, recipe: Path, tag: str
) -> None:
    """Nobody is asked for an image that only this machine can have."""
    images.ensure(engine, _catalogue(tag, recipe), print)
    assert engine.images.get(tag)


def test_only_the_default_image_is_made_at_a_start(
    engine: docker.DockerClient, recipe: Path, tag: str
) -> None:
    """A fresh machine is ready soon; which others are not built is known, faulty ones included."""
    lost = _recipe(recipe.with_name("lost"), "FROM opendata-hub/nowhere:1\n")
    entries = {"one": (tag, recipe), "two": (f"{tag}-two", recipe), "bad": (f"{tag}-bad", lost)}
    listed = catalogue.load(
        [
            {"slug": slug, "display_name": slug, "image": image, "build": str(folder)}
            for slug, (image, folder) in entries.items()
        ]
    )
    assert [image.slug for image in images.unbuilt(engine, listed)] == ["one", "two", "bad"]
    images.ensure(engine, listed, print)
    assert [image.slug for image in images.unbuilt(engine, listed)] == ["two", "bad"]


def test_an_image_that_is_here_needs_no_recipe_beside(
    engine: docker.DockerClient, recipe: Path, tag: str, new_name: Callable[[str], str]
) -> None:
    """A catalogue anywhere may stand on our images; a new version of them makes its own anew."""
    below = f"opendata-hub/{new_name('below')}:1"
    child = _recipe(recipe.with_name("child"), f"FROM {below}\nENV A=1\n")
    try:
        recipes.build(engine, recipe, below, print)
        recipes.build(engine, child, tag, print)
        assert recipes.is_current(engine, child, tag)
        assert recipes.chain(child) == [child]
        (recipe / "greeting").write_text("good morning")
        recipes.build(engine, recipe, below, print)
        assert not recipes.is_current(engine, child, tag)
    finally:
        _remove(engine, tag)
        _remove(engine, below)


def test_what_no_registry_gives_is_built_instead(
    engine: docker.DockerClient, recipe: Path, new_name: Callable[[str], str]
) -> None:
    """With a recipe, a registry out of reach is a line to read, not the end."""
    reference = f"localhost:{free_ports(1)[0]}/{new_name('lesson')}:1"
    said: list[str] = []
    try:
        images.ensure(engine, _catalogue(reference, recipe), said.append)
        assert any(line.endswith("Building it instead.") for line in said)
        images.ensure(engine, _catalogue(reference, recipe), _nothing)
    finally:
        _remove(engine, reference)


def test_what_no_registry_gives_and_no_recipe_makes_is_an_error(
    engine: docker.DockerClient, new_name: Callable[[str], str]
) -> None:
    """The default image is missing: start says so before any student does."""
    reference = f"localhost:{free_ports(1)[0]}/{new_name('lesson')}:1"
    with pytest.raises(MachineError, match=f"{reference} cannot be pulled: "):
        images.ensure(engine, _catalogue(reference), print)


def test_the_default_image_is_pulled_with_its_progress(
    engine: docker.DockerClient, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """A long download shows how much has come, of how much."""
    said: list[str] = []
    with registry(tmp_path) as theirs:
        reference = theirs.push_random(f"{new_name('lesson')}:1", [3_000_000]).at(theirs.port)
        try:
            images.ensure(engine, _catalogue(reference), said.append)
            assert engine.images.get(reference)
        finally:
            _remove(engine, reference)
    assert said[0] == f"Pulling {reference}"
    assert any(" of 3" in line and line.endswith(" MB") for line in said), json.dumps(said)
