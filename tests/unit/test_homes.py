"""Names of homes: safe, stable, and never the same for two people."""

import re

import docker
import pytest

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.storage import Volumes

ALIKE = ["ann", "Ann", "ANN", "änn", "an.n", "a-nn", "a--nn", "-ann", "ann-", "ann ", "ann_", "ånn"]


@pytest.mark.parametrize("name", ["ann", "student-01", "a", "7", "a" * 32])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    """Operators recognise their people in `docker ps`."""
    assert homes.safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Ann", "ann"),
        ("jürgen.müller@example.org", "jurgen-muller-example-org"),
        ("a" * 40, "a" * 32),
        ("李雷", "x"),
        ("../../etc", "etc"),
        ("a--b", "a-b"),
        ("bob---0123456789abcdef", "bob-0123456789abcdef"),
    ],
)
def test_any_other_name_is_a_slug_with_a_hash(name: str, slug: str) -> None:
    """Still recognised, and told apart by 64 bits of a hash over the whole."""
    safe = homes.safe_name(name)

    assert re.fullmatch(re.escape(slug) + "---[0-9a-f]{16}", safe)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", safe)
    assert len(safe) <= 51


def test_names_alike_stay_apart() -> None:
    """Case, dots, dashes, blanks and accents never bring two people into one home."""
    assert len({homes.safe_name(name) for name in ALIKE}) == len(ALIKE)


def test_a_made_name_is_nobody_elses_plain_name() -> None:
    """Nobody gets at another's home by signing up under its safe name."""
    theirs = homes.safe_name("Ann")

    assert homes.safe_name(theirs) != theirs


def test_names_do_not_change_between_versions() -> None:
    """A home is found again after an upgrade: these values are for ever."""
    assert homes.volume_name("ann") == "opendata-home-ann"
    assert homes.volume_name("Ann") == "opendata-home-ann---17239b6e25011033"


def test_a_home_is_a_volume_at_the_same_place_in_every_image() -> None:
    """Nothing of an image's own files gets into it."""
    assert Volumes(Engine(docker.APIClient(version="1.41"))).mount("ann") == {
        "type": "volume",
        "source": "opendata-home-ann",
        "target": "/home/jovyan",
        "no_copy": True,
    }
    assert homes.labels("ann") == {
        "org.opendata-hub.role": "home",
        "org.opendata-hub.user": "ann",
    }
