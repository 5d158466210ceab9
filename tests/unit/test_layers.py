"""Bytes of images, and room for them."""

import shutil
from pathlib import Path

import pytest

from opendata_hub.errors import MachineError
from opendata_hub.machine import layers, space


def step(command: str, size: int, created: int = 1) -> dict[str, object]:
    """A step of an image's making, as the engine tells it."""
    return {"Created": created, "CreatedBy": command, "Comment": "", "Size": size}


def test_images_share_the_steps_below() -> None:
    """Up to the first that differs; the same command on another ground is another piece."""
    base = [step("base", 100)]
    one = layers.pieces("one", 111, [step("copy", 10), step("a", 1), *base])
    two = layers.pieces("two", 112, [step("copy", 10), step("b", 2), *base])

    shared = {key: size for key, size in one.items() if key in two}

    assert sum(one.values()) == 111 and sum(two.values()) == 112
    assert sum(shared.values()) == 100


def test_a_step_made_again_is_another_piece() -> None:
    """Its time differs, and so may its bytes."""
    before, after = (layers.pieces("a", 5, [step("pip install", 5, when)]) for when in (1, 2))

    assert before.keys() != after.keys()


def test_an_image_whose_history_does_not_add_up_is_one_piece() -> None:
    """It counts as a whole, and shares nothing as far as anybody knows."""
    assert layers.pieces("sha256:a", 9, [step("copy", 5)]) == {"sha256:a": 9}
    assert layers.pieces("sha256:a", 9, []) == {"sha256:a": 9}


def test_room_is_asked_for_before(tmp_path: Path) -> None:
    """Two needs on one disk add up; a folder of another machine is not asked."""
    far = tmp_path / "of-another-machine"
    space.require({tmp_path: 1, far: 10**18})
    most = shutil.disk_usage(tmp_path).free * 2 // 3
    (tmp_path / "a").mkdir()
    space.require({tmp_path: most // 2})

    with pytest.raises(MachineError, match=r"free, and this needs about .*; make room there"):
        space.require({tmp_path: most, tmp_path / "a": most})
