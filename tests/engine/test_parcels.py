"""`opendata-hub images save` and `load`: images as a file, for a machine without network."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from opendata_hub.bundle import Bundle
from opendata_hub.catalogue import BY_DIGEST, load
from opendata_hub.engine import Engine
from opendata_hub.errors import MachineError
from opendata_hub.machine import parcels, prune, recipes
from opendata_hub.spawner import images
from tests.engine.islands import Island

MB = 10**6
NewName = Callable[[str], str]


def hub(*entries: str) -> None:
    """Write a hub.yaml with these entries, each but its slug."""
    lines = [f"- {{slug: i{n}, display_name: I, {entry}}}\n" for n, entry in enumerate(entries)]
    Path("catalogue.yaml").write_text("".join(lines))
    Path("hub.yaml").write_text("images: catalogue.yaml\n")


def states(island: Island) -> list[str]:
    """State of each image."""
    return [item["state"] for item in json.loads(island.images("list", "--json").stdout)]


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_locked_image_starts_where_no_registry_is(
    bare: Island, new_name: NewName, ending: str
) -> None:
    """The engine there knows no digest of what comes as a file; people still find name and tag."""
    reference = bare.at(f"{new_name('lesson')}:1")
    bare.put(reference.split("/")[1], MB)
    hub(f"image: '{reference}'")
    assert bare.images("lock").exit_code == bare.images("pull").exit_code == 0
    saved = bare.images("save", f"class.{ending}")
    assert saved.exit_code == 0 and f"class.{ending} has i0: 1" in saved.stdout
    assert not [tag for i in bare.client.images.list() for tag in i.tags if BY_DIGEST in tag]
    content = parcels.content(bare.client, reference)
    bare.clear()
    assert states(bare) == ["not downloaded"]
    assert not parcels.content(bare.client, reference)

    loaded = bare.images("load", f"class.{ending}")

    assert loaded.stdout == f"{reference} is here\n"
    assert states(bare) == ["ready"]
    assert parcels.content(bare.client, reference) == content
    assert bare.has(reference)
    assert not bare.client.images.get(reference).attrs["RepoDigests"]
    hub("image: 'localhost:1/other:1'")
    assert [i.names for i in prune.removable(bare.client, load(Path("catalogue.yaml")))] == [
        (reference,)
    ]


async def test_a_server_takes_what_came_as_a_file(bare: Island, new_name: NewName) -> None:
    """Without asking any registry, under a name that the engine can start."""
    reference = bare.at(f"{new_name('lesson')}:1")
    bare.put(reference.split("/")[1], MB)
    hub(f"image: '{reference}'")
    bare.images("lock")
    bare.images("pull")
    bare.images("save", "class.tar")
    bare.clear()
    bare.images("load", "class.tar")
    entry = load(Path("catalogue.yaml")).images[0]
    engine = Engine(docker.APIClient(bare.own.url, version="auto"))

    pulls = [p async for p in images.have(engine, entry.reference, entry, "ifnotpresent")]
    name = await images.name(engine, entry.reference, entry)
    engine.client.close()

    assert not pulls
    assert name == f"{BY_DIGEST}:{entry.digest.removeprefix('sha256:')}"


async def test_a_server_that_pulls_by_digest_gives_the_name(
    bare: Island, new_name: NewName
) -> None:
    """As `images pull` does."""
    reference = bare.at(f"{new_name('lesson')}:1")
    bare.put(reference.split("/")[1], MB)
    hub(f"image: '{reference}'")
    bare.images("lock")
    entry = load(Path("catalogue.yaml")).images[0]
    engine = Engine(docker.APIClient(bare.own.url, version="auto"))

    pulls = [p async for p in images.have(engine, entry.reference, entry, "ifnotpresent")]
    name = await images.name(engine, entry.reference, entry)
    engine.client.close()

    assert pulls and name == entry.reference
    assert bare.has(reference)


def test_what_was_built_counts_as_built_there(bare: Island, tmp_path: Path) -> None:
    """What it stands on comes along, though no entry names it."""
    for folder, below in (("low", "scratch"), ("high", "opendata-hub/low:1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Dockerfile").write_text(f"FROM {below}\nCOPY Dockerfile /{folder}\n")
    hub("image: 'opendata-hub/high:1', build: high")
    recipes.build(bare.client, tmp_path / "high", "opendata-hub/high:1", print)
    bare.images("save", "class.tar.gz")
    bare.clear()

    loaded = bare.images("load", "class.tar.gz")

    assert loaded.stdout == "opendata-hub/high:1 is here\nopendata-hub/low:1 is here\n"
    assert states(bare) == ["ready"]


def test_what_images_share_is_in_the_file_once(bare: Island, tmp_path: Path) -> None:
    """A file that any tar can read, and `docker load` too."""
    (tmp_path / "bytes").write_bytes(bytes(4 * MB))
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        dockerfile = f"FROM scratch\nCOPY bytes /\nCOPY {name} /\n"
        (tmp_path / "Dockerfile").write_text(dockerfile)
        bare.client.images.build(path=str(tmp_path), tag=f"localhost:1/{name}:1", rm=True)
    hub("image: 'localhost:1/one:1'", "image: 'localhost:1/two:1'")

    bare.images("save", "class.tar")

    assert (tmp_path / "class.tar").stat().st_size < 5 * MB
    with tarfile.open(tmp_path / "class.tar") as tar:
        assert tar.getnames()[-1] == "opendata-hub.sha256"
    bare.clear()
    bare.client.images.load((tmp_path / "class.tar").read_bytes())
    assert states(bare) == ["ready", "ready"]


def test_a_file_that_is_not_whole_changes_nothing(bare: Island, new_name: NewName) -> None:
    """It is refused before the engine sees it."""
    reference = bare.at(f"{new_name('lesson')}:1")
    bare.put(reference.split("/")[1], MB)
    hub(f"image: '{reference}'")
    bare.images("pull")
    bare.images("save", "class.tar")
    bare.clear()
    whole = Path("class.tar").read_bytes()
    Path("class.tar").write_bytes(whole[: len(whole) // 2])

    result = bare.images("load", "class.tar")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("class.tar is cut short, or was not made by")
    assert not bare.client.images.list()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["save", "class.zip"], "class.zip must end in .tar, .tar.gz or .tgz."),
        (["save", "no/such/folder/class.tar"], "class.tar cannot be written: No such file"),
        (["save", "class.tar", "far"], "'far' is not here; get it first: opendata-hub images pull"),
        (["save", "class.tar", "mine"], "is not here; get it first: opendata-hub images build"),
        (["load", "class.tar"], "class.tar cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_carried_is_a_sentence(
    bare: Island, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """And nothing is left of it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    Path("hub.yaml").write_text(
        "images:\n- {slug: here, display_name: H, image: 'localhost:1/here:1'}\n"
        "- {slug: mine, display_name: M, image: 'mine:1', build: .}\n"
        "- {slug: far, display_name: F, image: 'localhost:1/far:1'}\n"
    )
    bare.client.images.build(path=str(tmp_path), tag="localhost:1/here:1", rm=True)
    slugs = [] if len(arguments) > 2 or arguments[0] == "load" else ["here"]

    result = bare.images(*arguments, *slugs)

    assert result.exit_code == 1 and words in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "hub.yaml"]


def test_a_file_that_cannot_be_read_is_told(bare: Island) -> None:
    """The stick fails, or was pulled out: that is no trouble of the engine's."""
    about = {"images": {"none:1": "sha256:0"}, "room": {"images": 0}}
    failing = Path("/sys/class/net/lo/speed")  # can be opened, but not read: lo has none

    with pytest.raises(MachineError, match=r"gone\.tar cannot be read: No such file"):
        Bundle(Path("gone.tar"), about).load_images(bare.client, lambda line: None)
    with failing.open("rb") as raw, pytest.raises(MachineError, match="read: Invalid argument"):
        parcels.load_from(bare.client, raw, lambda done: None)
