"""`opendata-hub images prune`: what came through us and nothing needs goes, all else stays."""

import json
from pathlib import Path
from typing import Any

import pytest

from opendata_hub.catalogue import load
from opendata_hub.machine import prune, recipes
from tests.engine.islands import Island

MB = 10**6
SIZES = {"one": 1, "two": 2, "three": 4}


def hub(*references: str) -> None:
    """Write a hub.yaml with these images."""
    entries = "".join(
        f"- {{slug: image-{i}, display_name: Image {i}, image: '{reference}'}}\n"
        for i, reference in enumerate(references)
    )
    Path("catalogue.yaml").write_text(entries)
    Path("hub.yaml").write_text("images: catalogue.yaml\n")


def goes(island: Island) -> list[str]:
    """What a dry run names, oldest first."""
    items: list[dict[str, Any]] = json.loads(island.images("prune", "--dry-run", "--json").stdout)
    assert not any(item["removed"] for item in items)
    return [item["names"][0] if item["names"] else "" for item in items]


@pytest.fixture
def brought(bare: Island) -> dict[str, str]:
    """Three images, pulled one after the other: name -> reference."""
    for name, size in SIZES.items():
        bare.put(f"{name}:1", size * MB)
    references = {name: bare.at(f"{name}:1") for name in SIZES}
    for reference in references.values():
        hub(reference)
        assert bare.images("pull").exit_code == 0
    return references


def test_what_the_catalogue_does_not_name_goes_oldest_first(
    bare: Island, brought: dict[str, str]
) -> None:
    """It says how much that frees, asks, and removes nothing before a yes."""
    assert goes(bare) == [brought["one"], brought["two"]]

    refused = bare.images("prune", answer="n\n")
    assert refused.exit_code == 1 and "Without them the disk has 3 MB more." in refused.stdout
    assert bare.has(brought["one"])

    agreed = bare.images("prune", answer="y\n")
    assert "Remove 2 images? [y/N]" in agreed.stdout and "Removed 2 images: 3 MB." in agreed.stdout
    assert bare.has(brought["three"]) and len(bare.client.images.list()) == 1
    assert "Nothing to remove" in bare.images("prune").stdout


def test_what_a_container_uses_stays(bare: Island, brought: dict[str, str]) -> None:
    """Also one that does not run; and references that the caller names."""
    bare.client.api.create_container(brought["one"], ["none"])

    assert goes(bare) == [brought["two"]]
    catalogue = load(Path("catalogue.yaml"))
    assert not prune.removable(bare.client, catalogue, keep=[brought["two"], "Not A Name"])


def test_one_that_is_used_by_now_stays_known(bare: Island, brought: dict[str, str]) -> None:
    """Between the look and the removal a student has started it: the engine refuses."""
    items = prune.removable(bare.client, load(Path("catalogue.yaml")))
    bare.client.api.create_container(items[0].id, ["none"])

    assert [prune.remove(bare.client, item) for item in items] == [False, True]

    bare.client.containers.list(all=True)[0].remove()
    assert [item.id for item in prune.removable(bare.client, load(Path("catalogue.yaml")))] == [
        items[0].id
    ]


def test_images_of_others_stay(bare: Island, brought: dict[str, str]) -> None:
    """Pulled by hand, or given a name of somebody's own, or standing under such a one."""
    bare.put("theirs:1", MB)
    bare.client.images.pull(bare.at("theirs"), "1")
    bare.client.api.tag(brought["one"], "my-own-work", "1")
    _build(bare, f"FROM {brought['two']}\nLABEL mine=1\n", "on-top:1")

    assert goes(bare) == []


def test_an_image_that_its_tag_left_goes(bare: Island, brought: dict[str, str]) -> None:
    """The entry follows its tag; the version before has no name but ours."""
    bare.put("three:1", MB)
    bare.images("pull")
    hub(*brought.values())

    (left,) = prune.removable(bare.client, load(Path("catalogue.yaml")))

    assert left.frees == left.size == 4 * MB
    assert prune.remove(bare.client, left)
    assert bare.has(brought["three"])


def test_the_way_back_of_a_lock_stays(bare: Island, brought: dict[str, str]) -> None:
    """A rollback needs no download."""
    bare.images("lock")
    bare.put("three:1", MB)
    bare.images("lock")
    bare.images("pull")
    hub(*brought.values())

    assert goes(bare) == []
    Path("catalogue.lock").unlink()
    assert len(goes(bare)) == 1


def test_builds_go_children_first_and_count_what_they_share_once(
    bare: Island, tmp_path: Path
) -> None:
    """What others built on ours is theirs, whatever label it has, and keeps what it stands on."""
    _recipe(tmp_path / "low", "FROM scratch\nCOPY bytes /low\n", 3 * MB)
    high = _recipe(tmp_path / "high", "FROM opendata-hub/low:1\nCOPY bytes /high\n", MB)
    recipes.build(bare.client, high, "opendata-hub/high:1", print)
    hub("localhost:1/elsewhere:1")
    catalogue = load(Path("catalogue.yaml"))

    items = prune.removable(bare.client, catalogue)

    assert [item.names for item in items] == [("opendata-hub/high:1",), ("opendata-hub/low:1",)]
    assert [item.frees for item in items] == [MB, 3 * MB]
    assert [item.size for item in items] == [4 * MB, 3 * MB]
    _build(bare, "FROM opendata-hub/low:1\nENV A=b\n", "theirs:1")
    assert [item.names for item in prune.removable(bare.client, catalogue)] == [
        ("opendata-hub/high:1",)
    ]
    bare.client.images.remove("theirs:1")
    assert [prune.remove(bare.client, item) for item in items] == [True, True]
    assert not bare.client.images.list(all=True)


def test_what_an_entry_stands_on_stays(bare: Island, tmp_path: Path) -> None:
    """It is in no catalogue itself; without it the entry would count as not built."""
    _recipe(tmp_path / "low", "FROM scratch\nCOPY bytes /low\n", MB)
    high = _recipe(tmp_path / "high", "FROM opendata-hub/low:1\nCOPY bytes /high\n", MB)
    recipes.build(bare.client, high, "opendata-hub/high:1", print)
    hub("opendata-hub/high:1")

    assert goes(bare) == []


def test_scripts_must_say_what_they_want(bare: Island) -> None:
    """--json asks nothing."""
    hub("localhost:1/elsewhere:1")

    result = bare.images("prune", "--json")

    assert result.exit_code == 1 and "--json asks nothing; add --dry-run or --yes." in result.stderr
    assert json.loads(bare.images("prune", "--json", "--yes").stdout) == []


def _recipe(folder: Path, dockerfile: str, size: int) -> Path:
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "bytes").write_bytes(bytes(size))
    return folder


def _build(island: Island, dockerfile: str, tag: str) -> None:
    folder = Path("built-by-hand")
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    island.client.images.build(path=str(folder), tag=tag, rm=True)
