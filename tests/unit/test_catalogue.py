"""The catalogue: one list of images, checked."""

from pathlib import Path
from typing import Any

import pytest

from opendata_hub.catalogue import Image, default_of, load
from opendata_hub.errors import ConfigError

ROOT = {"slug": "root", "display_name": "ROOT", "image": "quay.io/x/root:1"}
STAFF = {"slug": "staff", "display_name": "Staff", "image": "s:1", "groups": ["staff", "heads"]}


def test_a_list_becomes_images_in_its_order() -> None:
    """People see the cards in the order of the list."""
    catalogue = load([ROOT, STAFF])

    assert [image.slug for image in catalogue.images] == ["root", "staff"]
    assert catalogue.images[0].default_url == "/lab"


def test_the_default_is_the_marked_one_else_the_first() -> None:
    """There is always one for who does not choose, unless there is none at all."""
    assert default_of(load([ROOT, {**STAFF, "default": True}]).images).slug == "staff"  # type: ignore[union-attr]
    assert default_of(load([ROOT, STAFF]).images).slug == "root"  # type: ignore[union-attr]
    assert default_of(()) is None


def test_only_members_see_an_image_with_groups() -> None:
    """One common group is enough; none is not."""
    catalogue = load([ROOT, STAFF])

    assert [i.slug for i in catalogue.visible([])] == ["root"]
    assert [i.slug for i in catalogue.visible(["heads", "other"])] == ["root", "staff"]


def test_an_entry_that_is_not_enabled_is_as_if_it_was_not_there() -> None:
    """Neither seen, nor the default, nor an obstacle to somebody's own image of that name."""
    off = {**ROOT, "enabled": False, "default": True, "build": "not-there"}
    catalogue = load([off, STAFF], folder=Path("/nowhere"))

    assert [image.slug for image in catalogue.images] == ["staff"]


def test_one_entry_at_least_is_enabled() -> None:
    """A hub without any image is a mistake."""
    with pytest.raises(ConfigError, match="images: no image is enabled; take `enabled: false`"):
        load([{**ROOT, "enabled": False}])


@pytest.mark.parametrize(
    ("image", "build", "local"),
    [
        ("opendata-hub/starter:1", "starter", True),
        ("starter", "starter", True),
        ("quay.io/opendata/starter:1", "starter", False),
        ("localhost/starter:1", "starter", False),
        ("localhost:5000/starter:1", "starter", False),
        ("opendata-hub/starter:1", None, False),
    ],
)
def test_an_image_with_a_recipe_and_no_registry_is_made_here(
    image: str, build: str | None, local: bool
) -> None:
    """Such an image is never asked of a public registry, where a stranger could own its name."""
    entry = Image(slug="a", display_name="A", image=image, build=build)  # type: ignore[arg-type]

    assert entry.is_local is local


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([ROOT, ROOT], "'root' is used twice"),
        ([{**ROOT, "default": True}, {**STAFF, "default": True}], "not root and staff"),
        ([{**ROOT, "default_url": "lab"}], "images[0].default_url is 'lab'"),
        ([{**ROOT, "memory": "4 gigs"}], "such as 4G"),
        ([{**ROOT, "cpus": 2}], "Did you mean 'cpu'?"),
        ([{"slug": "a"}], "images[0].image is missing"),
        ([], "images"),
    ],
)
def test_faults_are_named(entries: list[Any], words: str) -> None:
    """Each with its place and what to write instead."""
    with pytest.raises(ConfigError) as fault:
        load(entries)

    assert words in str(fault.value)


def test_recipes_are_found_beside_the_file(tmp_path: Path) -> None:
    """A catalogue moves as a whole."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "Dockerfile").touch()
    file = tmp_path / "catalogue.yaml"
    file.write_text("images:\n- {slug: mine, display_name: Mine, image: mine, build: mine}\n")

    assert load(file).images[0].build == tmp_path / "mine"


def test_a_recipe_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    """At the start of the hub, not at the first student's."""
    file = tmp_path / "catalogue.yaml"
    file.write_text("- {slug: mine, display_name: Mine, image: mine, build: mnie}\n")

    with pytest.raises(ConfigError, match=r"image 'mine' has build 'mnie', but .* no Dockerfile"):
        load(file)
