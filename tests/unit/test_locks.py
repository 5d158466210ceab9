"""Locks: what the names of a catalogue stand for, and how a catalogue takes it."""

from pathlib import Path

import pytest

from opendata_hub import form, locks
from opendata_hub.catalogue import BY_DIGEST, load
from opendata_hub.errors import ConfigError
from opendata_hub.locks import Lock, Pin

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
HEX_A, HEX_B = A[7:], B[7:]


def test_a_pin_goes_back_and_forth() -> None:
    """One step each way; what does not move keeps its way back."""
    pin = Pin(digest=A).moved(B)

    assert pin == Pin(digest=B, previous=A)
    assert pin.moved(B) == pin
    assert pin.back() == Pin(digest=A, previous=B)
    assert pin.back().back() == pin
    assert pin.moved(C) == Pin(digest=C, previous=B)
    assert Pin(digest=A).back() == Pin(digest=A)


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    """One line for each digest, so that a change is easy to see in git; an empty one goes."""
    file = tmp_path / "catalogue.lock"
    lock = Lock(images={"quay.io/me/root:1": Pin(digest=A, previous=B), "root": Pin(digest=C)})

    locks.write(file, lock)

    assert locks.read(file) == lock
    assert f"    digest: {A}\n    previous: {B}\n" in file.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["catalogue.lock"]
    locks.write(file, lock.without({"quay.io/me/root:1", "root"}))
    assert locks.read(file) == Lock() and not file.exists()


def test_a_lock_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    """For whoever merged two by hand, or may not write there."""
    file = tmp_path / "catalogue.lock"
    file.write_text("images: {root: {digest: latest}}\n")

    with pytest.raises(ConfigError, match=r"catalogue.lock: images.root.digest is 'latest'; write"):
        locks.read(file)
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        locks.write(tmp_path / "no" / "catalogue.lock", Lock(images={"a": Pin(digest=A)}))


def entry(image: str, **more: object) -> dict[str, object]:
    """An entry of a catalogue."""
    return {"slug": "root", "display_name": "ROOT", "image": image, **more}


@pytest.mark.parametrize(
    ("image", "reference", "tagged"),
    [
        ("quay.io/me/root:1", f"quay.io/me/root@{A}", "quay.io/me/root:1"),
        ("localhost:5000/root", f"localhost:5000/root@{A}", "localhost:5000/root:latest"),
        (f"root:1@{B}", f"root@{A}", "root:1"),
    ],
)
def test_a_locked_image_is_named_by_its_digest(
    tmp_path: Path, image: str, reference: str, tagged: str
) -> None:
    """And by a tag of ours that stands for the digest on an engine that never pulled it."""
    locks.write(tmp_path / "a.lock", Lock(images={image: Pin(digest=A, previous=B)}))

    (found,) = load([entry(image)], lock=tmp_path / "a.lock").images

    assert found.is_locked and (found.reference, found.digest) == (reference, A)
    assert found.names == (reference, f"{BY_DIGEST}:{HEX_A}")
    before = reference.replace(A, B)
    assert found.every_name == {*found.names, image, before, f"{BY_DIGEST}:{HEX_B}"}
    assert found.tagged == tagged
    assert form.check({}, load([entry(image)], lock=tmp_path / "a.lock"), [], None).reference == (
        reference
    )
    for name in found.names:
        assert "On this server" in form.render([found], {name: 1}, {}, allow_custom=False)
    assert found.model_copy(update={"memory": 1}).reference == reference


def test_an_image_that_is_not_locked_is_named_as_it_is_written() -> None:
    """By a tag, or by the digest that is written."""
    tag, digest = (
        load([entry(image)]).images[0] for image in ("quay.io/me/root:1", f"quay.io/me/root@{A}")
    )

    assert (tag.reference, tag.digest, tag.is_locked) == ("quay.io/me/root:1", "", False)
    assert tag.names == ("quay.io/me/root:1",) and tag.every_name == {"quay.io/me/root:1"}
    assert (digest.reference, digest.digest, digest.tagged) == (f"quay.io/me/root@{A}", A, "")
    assert digest.names == (f"quay.io/me/root@{A}", f"{BY_DIGEST}:{HEX_A}")


def test_a_lock_of_another_tag_locks_nothing(tmp_path: Path) -> None:
    """Who writes a new tag into the catalogue gets the new image."""
    locks.write(tmp_path / "a.lock", Lock(images={"root:1": Pin(digest=A)}))

    assert load([entry("root:2")], lock=tmp_path / "a.lock").images[0].reference == "root:2"


def test_what_is_made_here_cannot_be_locked(tmp_path: Path) -> None:
    """No registry has it."""
    locks.write(tmp_path / "a.lock", Lock(images={"root:1": Pin(digest=A)}))

    catalogue = load([entry("root:1", build="root")], lock=tmp_path / "a.lock")

    assert catalogue.images[0].reference == "root:1"


def test_the_lock_of_a_file_is_beside_it(tmp_path: Path) -> None:
    """catalogue.yaml has catalogue.lock; without one nothing is locked."""
    file = tmp_path / "catalogue.yaml"
    file.write_text("- {slug: root, display_name: ROOT, image: 'root:1'}\n")
    assert not load(file).images[0].is_locked

    locks.write(tmp_path / "catalogue.lock", Lock(images={"root:1": Pin(digest=A)}))

    assert load(file).images[0].reference == f"root@{A}"
