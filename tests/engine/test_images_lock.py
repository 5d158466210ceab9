"""`opendata-hub images lock`: a catalogue whose images stay what they are, and a way back."""

import json
from collections.abc import Callable
from pathlib import Path

from opendata_hub import locks
from opendata_hub.spawner import supplies
from tests.engine.islands import Island

MB = 10**6
NewName = Callable[[str], str]


def hub(*references: str, inline: bool = False) -> None:
    """Write a hub.yaml with these images, in a catalogue of its own or as a list."""
    entries = "".join(
        f"- {{slug: image-{i}, display_name: Image {i}, image: '{reference}'}}\n"
        for i, reference in enumerate(references)
    )
    Path("hub.yaml").write_text(f"images:\n{entries}" if inline else "images: catalogue.yaml\n")
    if not inline:
        Path("catalogue.yaml").write_text(entries)


def pins(file: str = "catalogue.lock") -> dict[str, locks.Pin]:
    """What the lock says."""
    return locks.read(Path(file)).images


def test_a_lock_asks_the_registry_and_downloads_nothing(bare: Island, new_name: NewName) -> None:
    """From then on the list shows it, and a hub that runs starts it by digest."""
    name = new_name("lesson")
    image = bare.put(f"{name}:1", MB)
    hub(bare.at(f"{name}:1"))
    before = supplies.catalogue("catalogue.yaml").images[0]

    (locked,) = json.loads(bare.images("lock", "--json").stdout)

    assert (locked["digest"], locked["previous"]) == (image.digest, None)
    assert not bare.client.images.list()
    (listed,) = json.loads(bare.images("list", "--json").stdout)
    assert (listed["locked"], listed["digest"]) == (True, image.digest)
    assert before.reference == bare.at(f"{name}:1")
    after = supplies.catalogue("catalogue.yaml").images[0]
    assert after.reference == image.digest_at(bare.port)


def test_a_rollback_goes_back_and_forth(bare: Island, new_name: NewName) -> None:
    """One command, without the registry; locking anew without news keeps the way back."""
    name = new_name("lesson")
    reference = bare.at(f"{name}:1")
    old = bare.put(f"{name}:1", MB).digest
    hub(reference)
    bare.images("lock")
    new = bare.put(f"{name}:1", MB).digest

    assert f"locked to {new}; before, it was {old}" in bare.images("lock").stdout
    assert f"still {new}" in bare.images("lock").stdout
    assert f"locked to {old} again, and no more to {new}" in bare.images("rollback").stdout
    assert pins() == {reference: locks.Pin(digest=old, previous=new)}
    assert bare.images("rollback", "image-0").exit_code == 0
    assert pins() == {reference: locks.Pin(digest=new, previous=old)}


def test_without_its_registry_an_image_is_locked_as_it_is_here(
    bare: Island, new_name: NewName
) -> None:
    """It says so; of one that is not here either, it says what is wrong."""
    name = new_name("lesson")
    image = bare.put(f"{name}:1", MB)
    hub(bare.at(f"{name}:1"))
    bare.images("pull")
    far = "localhost:1/lesson:1"
    bare.client.api.tag(bare.at(f"{name}:1"), "localhost:1/lesson", "1")
    bare.client.images.remove(far)
    moved = bare.source.folder / "images" / "docker/registry/v2/repositories" / name
    moved.rename(moved.with_name(f"{name}-gone"))
    hub(bare.at(f"{name}:1"), far)

    result = bare.images("lock")

    assert result.exit_code == 1
    assert f"locked to {image.digest}; that is the image which is here, as" in result.stdout
    assert "image-1: " in result.stderr and "connection refused" in result.stderr
    assert set(pins()) == {bare.at(f"{name}:1")}


def test_what_has_no_digest_or_has_one_is_left_as_it_is(bare: Island, tmp_path: Path) -> None:
    """Each is told; there is nothing to write."""
    digest = f"sha256:{'a' * 64}"
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "hub.yaml").write_text(
        "images:\n- {slug: mine, display_name: Mine, image: mine:1, build: .}\n"
        f"- {{slug: far, display_name: Far, image: 'quay.io/far@{digest}'}}\n"
    )

    result = bare.images("lock")

    assert result.exit_code == 0
    assert "mine: made on this machine, so no registry has a digest of it" in result.stdout
    assert "far: written with its digest already" in result.stdout
    assert not (tmp_path / "hub.lock").exists()


def test_a_list_in_hub_yaml_has_its_lock_beside_it(bare: Island, new_name: NewName) -> None:
    """hub.lock; and it goes as it came."""
    name = new_name("lesson")
    image = bare.put(f"{name}:1", MB)
    reference = bare.at(f"{name}:1")
    hub(reference, inline=True)

    assert "Written: " in bare.images("lock").stderr
    assert pins("hub.lock") == {reference: locks.Pin(digest=image.digest)}
    assert f"{reference} follows its tag again." in bare.images("unlock").stdout
    assert not Path("hub.lock").exists()


def test_there_is_no_way_back_before_the_second_lock(bare: Island) -> None:
    """Neither for all nor for one, and nothing is written."""
    hub("quay.io/me/lesson:1")

    everything, one = bare.images("rollback"), bare.images("rollback", "image-0")

    assert everything.exit_code == one.exit_code == 1
    assert "catalogue.lock has no earlier digests, so there is no way back." in everything.stderr
    assert "image-0: The lock has no earlier digest of it." in one.stderr
    assert not Path("catalogue.lock").exists()
